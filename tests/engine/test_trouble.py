"""Trouble on purpose: what is asked for by tag or variable goes wrong, and as it would by itself."""

from __future__ import annotations

from typing import Any

import pytest

from engine.runner.failures import PING_FAILED, JobFailed
from engine.runner.fault_injection import Trouble
from tests.engine.transforms import container, instance_processes, transform
from tests.support.engine import EngineProcess

ROWS = {"x": b"1\n2\n3\n4\n"}
SINGLE: dict[str, Any] = {"BatchStrategy": "SingleRecord"}


def tagged(trouble: str) -> dict[str, Any]:
    return {"Tags": [{"Key": "engine:trouble", "Value": trouble}]}


def test_a_slow_start_keeps_the_job_from_its_first_request(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, ROWS, **tagged("slow-start=1.5")).completed().describe()
    assert (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds() >= 1.5


def test_a_container_that_never_answers_ping_fails_the_job(serving_engine: EngineProcess) -> None:
    assert transform(serving_engine, ROWS, **tagged("no-ping=0.5")).failed() == PING_FAILED


def test_flaky_answers_are_tried_again(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, ROWS, **SINGLE, **tagged("flaky=2")).completed()
    assert job.outputs == {"x.out": ROWS["x"]}


def test_answers_that_are_always_broken_fail_the_job(serving_engine: EngineProcess) -> None:
    retries = {"InvocationsMaxRetries": 0}
    job = transform(serving_engine, ROWS, ModelClientConfig=retries, **tagged("flaky"))
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert "Bad HTTP status received from algorithm: 500" in job.data_log


@pytest.mark.parametrize(("trouble", "number"), [("crash", 6), ("out-of-memory", 9)])
def test_a_server_that_keeps_ending_fails_the_job(
    serving_engine: EngineProcess, trouble: str, number: int
) -> None:
    job = transform(serving_engine, ROWS, **tagged(trouble))
    assert job.failed() == (
        f"AlgorithmError: The model container ended while it served (signal {number}), and again after a "
        "restart. It printed nothing"
    )


def test_a_server_that_ends_once_is_started_again(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, ROWS, **SINGLE, **tagged("crash=4")).completed()
    assert job.outputs == {"x.out": ROWS["x"]}


def test_slow_answers_count_against_the_timeout(serving_engine: EngineProcess) -> None:
    client = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    job = transform(serving_engine, ROWS, ModelClientConfig=client, **tagged("slow-answers=600"))
    assert job.failed() == "AlgorithmError: See job logs for more information"
    assert "did not respond to /invocations request within 1 seconds" in job.data_log
    transform(serving_engine, ROWS, **tagged("slow-answers=0.1")).completed()


def test_there_is_no_instance_for_a_job_that_asks_for_none(serving_engine: EngineProcess) -> None:
    job = transform(serving_engine, ROWS, **tagged("no-capacity"))
    assert job.failed().startswith("CapacityError: ")


def test_a_models_tag_and_a_containers_variable_ask_as_well(serving_engine: EngineProcess) -> None:
    chain = [container(serving_engine), container(serving_engine, ENGINE_TROUBLE="no-ping=0.5")]
    assert transform(serving_engine, ROWS, containers=chain).failed() == f"{PING_FAILED} (container-2)"
    job = transform(serving_engine, ROWS, model_tags=tagged("no-capacity")["Tags"])
    assert job.failed().startswith("CapacityError: ")


def test_words_that_are_none_fail_the_job_and_name_those_there_are(serving_engine: EngineProcess) -> None:
    reason = transform(serving_engine, ROWS, **tagged("fire")).failed()
    assert reason.startswith("ClientError: engine:trouble has 'fire'; it may have slow-start, no-ping, ")
    for text in ("crash=no", "crash=-1", "slow-start=inf", "slow-start=nan"):
        with pytest.raises(JobFailed, match="its number must be 0 or more"):
            Trouble.read(text)


def test_no_server_is_left_of_troubled_jobs(serving_engine: EngineProcess) -> None:
    transform(serving_engine, ROWS, **tagged("out-of-memory")).failed()
    assert instance_processes(serving_engine) == []
