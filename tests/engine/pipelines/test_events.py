"""Events of executions and their steps, sent to a receiver that is a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.pipelines.definitions import Execution, model_step, run, transform_step
from tests.engine.test_events import Receiver
from tests.engine.transforms import MODEL_SERVERS
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def telling(tmp_path: Path, receiver: Receiver) -> Iterator[EngineProcess]:
    """An engine that sends its events to the receiver."""
    process = EngineProcess(
        tmp_path, ENGINE_EVENTS_URL=receiver.url, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)
    ).start()
    yield process
    process.stop()


def events_of(receiver: Receiver, execution: Execution, kind: str) -> list[dict[str, Any]]:
    detail_type = f"SageMaker Model Building Pipeline Execution {kind}Status Change"
    return [
        event
        for _, event in receiver.requests
        if event["detail-type"] == detail_type and event["detail"]["pipelineExecutionArn"] == execution.arn
    ]


def test_each_change_of_an_execution_and_its_steps_is_sent_as_eventbridge_has_it(
    telling: EngineProcess, receiver: Receiver
) -> None:
    execution = run(
        telling,
        model_step(telling),
        transform_step(telling, body=b"bad"),
        PipelineExecutionDisplayName="nightly",
    ).failed()
    until(lambda: len(events_of(receiver, execution, "")) == 2, "both events of the execution")
    first, last = events_of(receiver, execution, "")
    pipeline_arn = execution.arn.rpartition("/execution/")[0]
    assert first["source"] == "aws.sagemaker"
    assert first["resources"] == [pipeline_arn, execution.arn]
    start = execution.describe()["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert first["detail"] == {
        "pipelineArn": pipeline_arn,
        "pipelineExecutionArn": execution.arn,
        "pipelineExecutionDisplayName": "nightly",
        "currentPipelineExecutionStatus": "Executing",
        "executionStartTime": start,
    }
    assert last["detail"]["previousPipelineExecutionStatus"] == "Executing"
    assert last["detail"]["currentPipelineExecutionStatus"] == "Failed"
    assert "executionEndTime" in last["detail"]
    steps = [event["detail"] for event in events_of(receiver, execution, "Step ")]
    assert [(step["stepName"], step["currentStepStatus"]) for step in steps] == [
        ("Model", "Starting"),
        ("Model", "Executing"),
        ("Model", "Succeeded"),
        ("Transform", "Starting"),
        ("Transform", "Executing"),
        ("Transform", "Failed"),
    ]
    ended = execution.steps()["Transform"]
    assert steps[-1]["stepType"] == "Transform"
    assert steps[-1]["previousStepStatus"] == "Executing"
    assert steps[-1]["failureReason"] == ended["FailureReason"]
    assert steps[-1]["metadata"] == {"transformJob": {"arn": ended["Metadata"]["TransformJob"]["Arn"]}}
