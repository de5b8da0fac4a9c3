"""Events of jobs, put into an SQS queue of moto's server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.resources import create_model, job_request, put, unique
from tests.support.engine import CHECKOUT, EngineProcess
from tests.support.moto import MotoServer
from tests.support.polling import until


def receive_events(sqs: Any, queue: str) -> list[dict[str, Any]]:
    """The events that are in the queue; they stay there, unseen for a while."""
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_each_change_is_put_into_the_queue_as_eventbridge_would(sqs: Any, tmp_path: Path) -> None:
    queue = sqs.create_queue(QueueName=unique("events"))["QueueUrl"]
    engine = EngineProcess(tmp_path, ENGINE_EVENTS_QUEUE=queue).start()
    events: list[dict[str, Any]] = []
    try:
        request = job_request(create_model(engine), put(engine, f"{unique('in')}/x"))
        engine.client("sagemaker").create_transform_job(**request)

        def has_both_events() -> bool:
            events.extend(receive_events(sqs, queue))
            return len(events) == 2

        until(has_both_events, "both events")
    finally:
        engine.stop()
    assert {event["detail-type"] for event in events} == {"SageMaker Transform Job State Change"}
    assert {event["detail"]["TransformJobName"] for event in events} == {request["TransformJobName"]}
    statuses = [event["detail"]["TransformJobStatus"] for event in events]
    assert sorted(statuses) == ["Failed", "InProgress"]


def test_a_queue_that_is_not_there_is_given_up_with_a_line_in_the_log(
    moto: MotoServer, tmp_path: Path
) -> None:
    engine = EngineProcess(tmp_path, ENGINE_EVENTS_QUEUE=f"{moto.url}/123456789012/no-such-queue").start()
    try:
        request = job_request(create_model(engine), put(engine, f"{unique('in')}/x"))
        engine.client("sagemaker").create_transform_job(**request)
        name = request["TransformJobName"]
        until(
            lambda: f"the event that {name} is InProgress was given up" in engine.log, "the line in the log"
        )
    finally:
        engine.stop()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--events-queue", "queue"], "ENGINE_EVENTS_QUEUE must be"),
        (
            ["--events-queue", "http://a/b", "--events-url", "http://a/c"],
            "ENGINE_EVENTS_URL and ENGINE_EVENTS_QUEUE",
        ),
    ],
)
def test_a_queue_that_cannot_be_used_stops_the_start(options: list[str], named: str) -> None:
    command = [sys.executable, "-m", "engine", *options]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 2
    assert ended.stderr.startswith(named)
