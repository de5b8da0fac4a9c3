"""Definitions of pipelines, and executions of them on an engine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.engine.resources import ROLE, unique
from tests.engine.transforms import BUCKET, container, put
from tests.support.engine import EngineProcess
from tests.support.polling import until

UNFINISHED = ("Executing", "Stopping")


def definition(*steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None, **more: Any) -> str:
    """The JSON of a definition with these steps."""
    document = {
        "Version": "2020-12-01",
        "Metadata": {},
        "Parameters": parameters or [],
        "Steps": list(steps),
        **more,
    }
    return json.dumps(document)


def step(name: str, kind: str, arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A step."""
    return {"Name": name, "Type": kind, "Arguments": dict(arguments), **more}


def get(text: str) -> dict[str, str]:
    """An expression that refers to something."""
    return {"Get": text}


def join(*values: Any, on: str = "") -> dict[str, Any]:
    """An expression that joins values to a text."""
    return {"Std:Join": {"On": on, "Values": list(values)}}


def condition(
    name: str, *conditions: dict[str, Any], then: Any = (), otherwise: Any = (), **more: Any
) -> dict[str, Any]:
    """A Condition step."""
    arguments = {"Conditions": list(conditions), "IfSteps": list(then), "ElseSteps": list(otherwise)}
    return step(name, "Condition", arguments, **more)


def equals(left_value: Any, right_value: Any) -> dict[str, Any]:
    """A condition that two values are equal."""
    return {"Type": "Equals", "LeftValue": left_value, "RightValue": right_value}


def fail(name: str, message: Any, **more: Any) -> dict[str, Any]:
    """A Fail step."""
    return step(name, "Fail", {"ErrorMessage": message}, **more)


def model_step(engine: EngineProcess, name: str = "Model", **more: Any) -> dict[str, Any]:
    """A step that creates a model on the tests' own server."""
    return step(name, "Model", {"PrimaryContainer": container(engine), "ExecutionRoleArn": ROLE}, **more)


def transform_step(
    engine: EngineProcess,
    name: str = "Transform",
    model: Any = None,
    body: bytes = b"x",
    data: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """A step that transforms one object; the body of the object tells the tests' own server what to do."""
    folder = unique("pipeline")
    uri = put(engine, f"{folder}/in/x", body) if data is None else data
    arguments = {
        "ModelName": get("Steps.Model.ModelName") if model is None else model,
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{folder}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return step(name, "Transform", arguments, **more)


def create_pipeline(engine: EngineProcess, text: str, name: str | None = None, **more: Any) -> str:
    """Create a pipeline; returns its name."""
    name = name or unique("Pipe")
    engine.client("sagemaker").create_pipeline(
        **{
            "PipelineName": name,
            "PipelineDefinition": text,
            "RoleArn": ROLE,
            "ClientRequestToken": token(),
            **more,
        }
    )
    return name


def token() -> str:
    """A client request token that no other request has."""
    return f"{uuid.uuid4()}-{uuid.uuid4()}"


@dataclass(frozen=True)
class Execution:
    """An execution that was started."""

    engine: EngineProcess
    arn: str

    def describe(self) -> dict[str, Any]:
        """DescribePipelineExecution's answer."""
        return dict(self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=self.arn))

    @property
    def status(self) -> str:
        return str(self.describe()["PipelineExecutionStatus"])

    def ended(self, seconds: float = 60) -> dict[str, Any]:
        """DescribePipelineExecution's answer once the execution is final."""

        def final() -> dict[str, Any] | None:
            answer = self.describe()
            return answer if answer["PipelineExecutionStatus"] not in UNFINISHED else None

        return until(final, f"the end of {self.arn}", seconds)

    def succeeded(self) -> Execution:
        """This, once it has Succeeded."""
        assert self.ended()["PipelineExecutionStatus"] == "Succeeded", self.steps()
        return self

    def failed(self) -> Execution:
        """This, once it has Failed."""
        assert self.ended()["PipelineExecutionStatus"] == "Failed", self.steps()
        return self

    def steps(self) -> dict[str, dict[str, Any]]:
        """The entries of ListPipelineExecutionSteps by name, in the order of their start."""
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=self.arn, SortOrder="Ascending"
        )
        return {entry["StepName"]: entry for page in pages for entry in page["PipelineExecutionSteps"]}

    def statuses(self) -> dict[str, str]:
        """The status of each step that was started."""
        return {name: entry["StepStatus"] for name, entry in self.steps().items()}

    def job(self, name: str = "Transform") -> str:
        """The name of the job or model that a step has created."""
        (metadata,) = self.steps()[name]["Metadata"].values()
        return str(metadata["Arn"]).rpartition("/")[2]

    def is_running(self, name: str) -> bool:
        """Whether the step's job was created and has not ended."""
        return self.statuses().get(name) == "Executing"

    def stop(self) -> None:
        """Ask for its end."""
        self._sagemaker.stop_pipeline_execution(PipelineExecutionArn=self.arn, ClientRequestToken=token())

    def retry(self, **more: Any) -> None:
        """Let it go on."""
        self._sagemaker.retry_pipeline_execution(
            PipelineExecutionArn=self.arn, ClientRequestToken=token(), **more
        )

    @property
    def _sagemaker(self) -> Any:
        return self.engine.client("sagemaker")


def start(
    engine: EngineProcess, pipeline: str, values: Mapping[str, str] | None = None, **more: Any
) -> Execution:
    """Start an execution with these values of parameters."""
    parameters = [{"Name": name, "Value": value} for name, value in (values or {}).items()]
    answer = engine.client("sagemaker").start_pipeline_execution(
        PipelineName=pipeline, PipelineParameters=parameters, **{"ClientRequestToken": token(), **more}
    )
    return Execution(engine, answer["PipelineExecutionArn"])


def run(engine: EngineProcess, *steps: dict[str, Any], **more: Any) -> Execution:
    """Create a pipeline of these steps and start it."""
    return start(engine, create_pipeline(engine, definition(*steps)), **more)
