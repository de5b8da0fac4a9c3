"""Teams' keys: which pipelines they may use, and with which permissions executions run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.pipelines.definitions import (
    Execution,
    condition,
    definition,
    equals,
    model_step,
    token,
    transform_step,
)
from tests.engine.resources import ROLE, unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.engine.transforms import BUCKET, archive, put
from tests.support.engine import EngineProcess


@pytest.fixture
def team(serving_engine: EngineProcess) -> tuple[str, Any]:
    """A new team's name, with which its names and its folder begin, and its SageMaker client."""
    name = unique("team")
    process = make_key(serving_engine, name, "--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*")
    assert process.returncode == 0, process.stderr
    return name, client_of(serving_engine, name)("sagemaker")


def steps_of(engine: EngineProcess, folder: str) -> list[dict[str, Any]]:
    """A model and a transform job that use one folder only."""
    model, transform = model_step(engine), transform_step(engine, data=put(engine, f"{folder}/in/x", b"x"))
    data = put(engine, f"{folder}/model.tar.gz", archive({"model": b"1"}))
    model["Arguments"]["PrimaryContainer"]["ModelDataUrl"] = data
    transform["Arguments"]["TransformOutput"]["S3OutputPath"] = f"s3://{BUCKET}/{folder}/out"
    return [model, transform]


def create_and_start(engine: EngineProcess, sagemaker: Any, name: str, text: str) -> Execution:
    sagemaker.create_pipeline(
        PipelineName=name, PipelineDefinition=text, RoleArn=ROLE, ClientRequestToken=token()
    )
    answer = sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=token())
    return Execution(engine, answer["PipelineExecutionArn"])


def test_a_teams_execution_creates_what_the_team_may_use(
    serving_engine: EngineProcess, team: tuple[str, Any]
) -> None:
    name, sagemaker = team
    text = definition(*steps_of(serving_engine, name))
    execution = create_and_start(serving_engine, sagemaker, f"{name}-pipe", text).succeeded()
    job = sagemaker.describe_transform_job(TransformJobName=execution.job())
    assert job["TransformJobStatus"] == "Completed"
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution.arn)
    assert len(steps["PipelineExecutionSteps"]) == 2
    assert execution.describe()["CreatedBy"]["IamIdentity"]["Arn"].endswith(f"user/{name}")


def test_a_teams_execution_is_denied_what_the_team_may_not_use(
    serving_engine: EngineProcess, team: tuple[str, Any]
) -> None:
    name, sagemaker = team
    text = definition(*steps_of(serving_engine, unique("elsewhere")))
    execution = create_and_start(serving_engine, sagemaker, f"{name}-pipe", text).failed()
    assert (
        "is not authorized to perform: sagemaker:CreateModel" in execution.steps()["Model"]["FailureReason"]
    )


def test_a_teams_execution_reads_no_json_from_elsewhere(
    serving_engine: EngineProcess, team: tuple[str, Any]
) -> None:
    name, sagemaker = team
    secret = put(serving_engine, "elsewhere/report.json", b'{"value": 1}')
    for uri, outcome in (
        (secret, "Failed"),
        (put(serving_engine, f"{name}/r.json", b'{"value": 1}'), "Succeeded"),
    ):
        value = {"Std:JsonGet": {"S3Uri": uri, "Path": "value"}}
        text = definition(condition("Check", equals(value, 1)))
        pipeline = f"{name}-{outcome.lower()}"
        execution = create_and_start(serving_engine, sagemaker, pipeline, text)
        assert execution.ended()["PipelineExecutionStatus"] == outcome
        if outcome == "Failed":
            reason = execution.steps()["Check"]["FailureReason"]
            assert reason == f"ClientError: The execution may not read {secret}."


def test_a_team_sees_and_uses_no_other_pipelines(
    serving_engine: EngineProcess, team: tuple[str, Any]
) -> None:
    name, sagemaker = team
    foreign_pipeline = unique("other-pipe")
    text = definition(model_step(serving_engine))
    execution = create_and_start(
        serving_engine, serving_engine.client("sagemaker"), foreign_pipeline, text
    ).succeeded()
    sagemaker.create_pipeline(
        PipelineName=f"{name}-Pipe", PipelineDefinition=text, RoleArn=ROLE, ClientRequestToken=token()
    )
    listed = sagemaker.list_pipelines()["PipelineSummaries"]
    assert [summary["PipelineName"] for summary in listed] == [f"{name}-Pipe"]
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{foreign_pipeline}"
    for call, request in (
        (sagemaker.describe_pipeline, {"PipelineName": foreign_pipeline}),
        (sagemaker.describe_pipeline, {"PipelineName": arn}),
        (sagemaker.start_pipeline_execution, {"PipelineName": foreign_pipeline}),
        (sagemaker.delete_pipeline, {"PipelineName": foreign_pipeline}),
        (sagemaker.update_pipeline, {"PipelineName": foreign_pipeline, "PipelineDefinition": text}),
        (sagemaker.list_pipeline_executions, {"PipelineName": foreign_pipeline}),
        (sagemaker.describe_pipeline_execution, {"PipelineExecutionArn": execution.arn}),
        (sagemaker.list_pipeline_execution_steps, {"PipelineExecutionArn": execution.arn}),
        (sagemaker.stop_pipeline_execution, {"PipelineExecutionArn": execution.arn}),
        (sagemaker.retry_pipeline_execution, {"PipelineExecutionArn": execution.arn}),
        (sagemaker.list_tags, {"ResourceArn": arn}),
    ):
        with denied():
            call(**request)


def test_a_team_reads_no_definition_from_elsewhere(
    serving_engine: EngineProcess, team: tuple[str, Any]
) -> None:
    name, sagemaker = team
    put(serving_engine, "elsewhere/definition.json", definition(model_step(serving_engine)).encode())
    with denied():
        sagemaker.create_pipeline(
            PipelineName=f"{name}-pipe",
            PipelineDefinitionS3Location={"Bucket": BUCKET, "ObjectKey": "elsewhere/definition.json"},
            RoleArn=ROLE,
        )
