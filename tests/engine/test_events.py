"""Events of jobs, sent to a receiver that is a real HTTP server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.engine.processing.runs import create, request
from tests.engine.resources import create_model, job_request, put, unique
from tests.engine.transforms import MODEL_SERVERS, transform
from tests.support.engine import CHECKOUT, EngineProcess, free_port
from tests.support.polling import until


class Receiver:
    """Keeps what it is sent; answers with the statuses it is given, then with 200."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.statuses: deque[int] = deque()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, json.loads(body)))
                self.send_response(receiver.statuses.popleft() if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of(self, job: str) -> list[dict[str, Any]]:
        """The events about that job, in the order in which they came."""
        return [event for _, event in self.requests if event["detail"].get("TransformJobName") == job]

    def statuses_of(self, job: str) -> list[str]:
        return [event["detail"]["TransformJobStatus"] for event in self.of(job)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    event_receiver = Receiver()
    yield event_receiver
    event_receiver.close()


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[EngineProcess]:
    """An engine that sends its events to the receiver."""
    process = EngineProcess(
        tmp_path_factory.mktemp("telling"),
        ENGINE_EVENTS_URL=f"{receiver.url}/hook?team=a",
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
    ).start()
    yield process
    process.stop()


def test_each_change_of_a_jobs_status_is_sent_as_eventbridge_has_it(
    telling: EngineProcess, receiver: Receiver
) -> None:
    job = transform(telling, {"x": b"x"}, MaxPayloadInMB=2, Tags=[{"Key": "team", "Value": "a"}]).completed()
    until(lambda: len(receiver.of(job.name)) == 2, "both events")
    first, last = receiver.of(job.name)
    described = job.describe()
    assert first["detail"]["TransformJobStatus"] == "InProgress"
    assert "TransformEndTime" not in first["detail"]
    assert {name: last[name] for name in ("version", "detail-type", "source", "account", "region")} == {
        "version": "0",
        "detail-type": "SageMaker Transform Job State Change",
        "source": "aws.sagemaker",
        "account": "000000000000",
        "region": "us-east-1",
    }
    assert last["resources"] == [described["TransformJobArn"]]
    detail = last["detail"]
    assert detail["TransformJobStatus"] == "Completed"
    assert detail["MaxPayloadInMB"] == 2
    assert detail["Tags"] == {"team": "a"}
    assert detail["TransformInput"]["SplitType"] == "Line"
    for name in ("CreationTime", "TransformStartTime", "TransformEndTime"):
        assert detail[name] == round(described[name].timestamp() * 1000)
    assert {path for path, _ in receiver.requests} == {"/hook?team=a"}


def test_processing_jobs_are_told_of_too(telling: EngineProcess, receiver: Receiver) -> None:
    params = request(telling, "", Tags=[{"Key": "team", "Value": "a"}])
    params["AppSpecification"]["ImageUri"] = "unknown"
    job = create(telling, params)
    reason = job.failed()

    def details() -> list[dict[str, Any]]:
        return [
            event["detail"]
            for _, event in receiver.requests
            if event["detail-type"] == "SageMaker Processing Job State Change"
        ]

    until(lambda: len(details()) == 2, "both events")
    first, last = details()
    assert first["ProcessingJobStatus"] == "InProgress"
    assert last["ProcessingJobStatus"] == "Failed"
    assert last["FailureReason"] == reason
    assert last["ProcessingJobName"] == job.name
    assert last["ProcessingEndTime"] == round(job.describe()["ProcessingEndTime"].timestamp() * 1000)
    assert last["Tags"] == {"team": "a"}


def test_stopping_and_failing_are_told_too(telling: EngineProcess, receiver: Receiver) -> None:
    stopped = transform(telling, {"x": b"sleep"})
    stopped.stop()
    stopped.ended()
    failed = transform(telling, {"x": b"bad"})
    reason = failed.failed()
    until(lambda: len(receiver.of(failed.name)) == 2, "the last event")
    assert receiver.statuses_of(stopped.name) == ["InProgress", "Stopping", "Stopped"]
    assert receiver.statuses_of(failed.name) == ["InProgress", "Failed"]
    assert receiver.of(failed.name)[1]["detail"]["FailureReason"] == reason


def test_an_event_nobody_took_is_sent_again_as_the_same(telling: EngineProcess, receiver: Receiver) -> None:
    receiver.statuses.extend([503])
    job = transform(telling, {"x": b"x"}).completed()
    until(lambda: len(receiver.of(job.name)) == 3, "the event that was sent again")
    assert receiver.statuses_of(job.name) == ["InProgress", "InProgress", "Completed"]
    refused_id, repeated_id, next_id = (event["id"] for event in receiver.of(job.name))
    assert refused_id == repeated_id != next_id


def test_an_event_that_is_refused_is_given_up(telling: EngineProcess, receiver: Receiver) -> None:
    receiver.statuses.extend([400])
    job = transform(telling, {"x": b"x"}).completed()
    until(lambda: len(receiver.of(job.name)) == 2, "the second event")
    assert receiver.statuses_of(job.name) == ["InProgress", "Completed"]
    assert f"the event that {job.name} is InProgress was given up: status 400" in telling.log


def test_no_job_waits_for_a_receiver_and_what_it_missed_survives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    engine = EngineProcess(tmp_path, ENGINE_EVENTS_URL=f"http://127.0.0.1:{port}").start()
    try:
        request = job_request(create_model(engine), put(engine, f"{unique('in')}/x"))
        sagemaker = engine.client("sagemaker")
        sagemaker.create_transform_job(**request)
        name = request["TransformJobName"]

        def failed() -> bool:
            job = sagemaker.describe_transform_job(TransformJobName=name)
            return bool(job["TransformJobStatus"] == "Failed")

        until(failed, "the job's end")
        engine.kill()
        receiver = Receiver(port)
        engine.start()
        until(lambda: len(receiver.of(name)) == 2, "both events")
        assert receiver.statuses_of(name) == ["InProgress", "Failed"]
        receiver.close()
    finally:
        engine.stop()


@pytest.mark.parametrize("url", ["hook", "ftp://a/b", "http://", "http://a:x/", "http://a/b c"])
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    command = [sys.executable, "-m", "engine", "--events-url", url]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 2
    assert ended.stderr.startswith("ENGINE_EVENTS_URL ")
