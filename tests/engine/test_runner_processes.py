"""Instances end when they should: with their job, on Stop, with the engine, and when the engine is killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.transforms import BUCKET, MODEL_SERVERS, Transform, instance_processes, transform
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine that the test may end as it likes."""
    process = EngineProcess(tmp_path / "engine", ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()


def running(job: Transform, requests: int = 1) -> Transform:
    """The job, once its servers have got so many requests."""
    until(lambda: job.log.count("got ") >= requests, f"request {requests} of {job.name}")
    return job


def test_nothing_is_left_of_a_job_that_has_ended(own_engine: EngineProcess) -> None:
    transform(own_engine, {"1": b"a", "2": b"b"}, instances=2, environment={"WITH_CHILD": "1"}).completed()
    assert instance_processes(own_engine) == []
    assert [*(own_engine.data_dir / "jobs").iterdir()] == []


def test_a_job_that_is_stopped_ends_promptly_with_its_processes(own_engine: EngineProcess) -> None:
    job = running(transform(own_engine, {"x": b"sleep"}, environment={"WITH_CHILD": "1"}))
    assert len(instance_processes(own_engine)) >= 3
    began = time.monotonic()
    job.stop()
    ended = job.ended()
    assert ended["TransformJobStatus"] == "Stopped"
    assert "TransformEndTime" in ended
    assert "FailureReason" not in ended
    assert time.monotonic() - began < 5
    assert instance_processes(own_engine) == []
    assert job.outputs == {}


def test_a_job_can_be_stopped_before_its_server_is_ready(own_engine: EngineProcess) -> None:
    job = transform(own_engine, {"x": b"x"}, environment={"PING_STATUS": "503"})
    until(lambda: instance_processes(own_engine), "the start of a server")
    job.stop()
    assert job.ended()["TransformJobStatus"] == "Stopped"
    assert instance_processes(own_engine) == []


def test_the_engine_ends_with_its_instances_within_five_seconds(own_engine: EngineProcess) -> None:
    running(transform(own_engine, {"x": b"sleep"}, environment={"WITH_CHILD": "1"}))
    began = time.monotonic()
    assert own_engine.stop() == 0
    assert time.monotonic() - began < 5
    assert instance_processes(own_engine) == []


def test_instances_end_when_the_engine_is_killed(own_engine: EngineProcess) -> None:
    running(transform(own_engine, {"x": b"sleep"}, environment={"WITH_CHILD": "1"}))
    own_engine.kill()
    until(lambda: not instance_processes(own_engine), "the end of the instances", seconds=5)


@pytest.mark.parametrize("end", [EngineProcess.kill, EngineProcess.stop])
def test_an_engine_that_ended_goes_on_where_it_was(
    own_engine: EngineProcess, end: Callable[[EngineProcess], object]
) -> None:
    inputs = {f"{number:02}": b"record %02d" % number for number in range(12)}
    job = running(
        transform(own_engine, inputs, environment={"DELAY": "0.5"}, MaxConcurrentTransforms=2), requests=5
    )
    end(own_engine)
    own_engine.start()
    job.completed()
    assert job.outputs == {f"{name}.out": body.upper() for name, body in inputs.items()}
    again = [name for name, body in inputs.items() if job.log.count(repr(body)) > 1]
    assert len(again) <= 4, "only what was in flight is done again"
    assert "The job is taken up again" in job.data_log


def test_a_job_that_failed_an_object_before_the_kill_still_fails(own_engine: EngineProcess) -> None:
    job = running(
        transform(own_engine, {"1": b"bad", "2": b"x", "3": b"y"}, environment={"DELAY": "0.5"}), requests=2
    )
    own_engine.restart()
    assert job.failed() == "ClientError: See job logs for more information"
    assert job.outputs == {"2.out": b"X", "3.out": b"Y"}


def test_outputs_under_the_input_prefix_are_no_input_after_a_kill(own_engine: EngineProcess) -> None:
    inputs = {f"{number}": b"%d" % number for number in range(6)}
    job = running(transform(own_engine, inputs, environment={"DELAY": "0.5"}, prefix=""), requests=4)
    assert job.outputs
    own_engine.restart()
    job.completed()
    assert job.outputs == {f"in/{name}.out": body for name, body in inputs.items()}


def test_a_job_killed_while_it_was_stopping_is_stopped(own_engine: EngineProcess) -> None:
    job = running(transform(own_engine, {"x": b"sleep"}))
    job.stop()
    own_engine.restart()
    assert job.ended()["TransformJobStatus"] == "Stopped"
    assert instance_processes(own_engine) == []


def test_a_large_object_is_transformed_in_little_memory(own_engine: EngineProcess) -> None:
    rows = b"%063d\n" % 7 * 16384
    s3 = own_engine.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    megabytes = 256
    s3.put_object(Bucket=BUCKET, Key="large/rows.csv", Body=rows * megabytes)
    before = resident(own_engine.pid)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/large/"}}
    job = transform(own_engine, {}, TransformInput={"DataSource": source}, MaxConcurrentTransforms=2)
    most = 0
    while job.status == "InProgress":
        most = max(most, resident(own_engine.pid))
    assert job.status == "Completed"
    size = s3.head_object(Bucket=BUCKET, Key=f"{job.name}/out/rows.csv.out")["ContentLength"]
    assert size == megabytes * len(rows)
    assert most - before < 100 * 1024 * 1024


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return int(fields["VmRSS"].split()[0]) * 1024
