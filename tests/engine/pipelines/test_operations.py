"""The operations on pipelines and executions as boto3 calls them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.pipelines.definitions import (
    Execution,
    condition,
    create_pipeline,
    definition,
    equals,
    fail,
    get,
    join,
    start,
    step,
    token,
)
from tests.engine.resources import ROLE, put, refused, unique
from tests.support.engine import EngineProcess

#: A pipeline that ends at once, and does nothing.
NOTHING = definition(condition("Check", equals(1, 1)))


def test_a_pipeline_is_created_described_changed_listed_and_deleted(engine: EngineProcess) -> None:
    sagemaker, name = engine.client("sagemaker"), unique("Pipe")
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{name.lower()}"
    created = sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=NOTHING,
        PipelineDescription="first",
        RoleArn=ROLE,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert created["PipelineArn"] == arn
    described = sagemaker.describe_pipeline(PipelineName=name)
    assert {member: described[member] for member in ("PipelineName", "PipelineArn", "PipelineStatus", "RoleArn")} == {
        "PipelineName": name, "PipelineArn": arn, "PipelineStatus": "Active", "RoleArn": ROLE,
    }  # fmt: skip
    assert described["PipelineDefinition"] == NOTHING
    assert described["CreatedBy"]["IamIdentity"]["Arn"] == "arn:aws:iam::000000000000:root"
    second_definition = definition(fail("F", "x"))
    updated = sagemaker.update_pipeline(
        PipelineName=name, PipelineDefinition=second_definition, PipelineDescription="second"
    )
    assert (updated["PipelineArn"], updated["PipelineVersionId"]) == (arn, 2)
    described = sagemaker.describe_pipeline(PipelineName=arn)
    assert (described["PipelineDefinition"], described["PipelineDescription"]) == (
        second_definition,
        "second",
    )
    assert (
        sagemaker.describe_pipeline(PipelineName=name, PipelineVersionId=1)["PipelineDefinition"] == NOTHING
    )
    versions = sagemaker.list_pipeline_versions(PipelineName=name)["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in versions] == [2, 1]
    (summary,) = sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    assert (summary["PipelineName"], summary["PipelineArn"]) == (name, arn)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    sagemaker.add_tags(ResourceArn=arn.replace(name.lower(), name), Tags=[{"Key": "more", "Value": "b"}])
    assert len(sagemaker.list_tags(ResourceArn=arn)["Tags"]) == 2
    assert sagemaker.delete_pipeline(PipelineName=name)["PipelineArn"] == arn
    with refused("ResourceNotFound", f"Pipeline '{name}' does not exist."):
        sagemaker.describe_pipeline(PipelineName=name)
    with refused("ValidationException"):
        sagemaker.list_tags(ResourceArn=arn)


def test_a_taken_name_in_any_case_is_said_to_exist_already(engine: EngineProcess) -> None:
    name = create_pipeline(engine, NOTHING)
    with refused("ValidationException", "already exists"):
        create_pipeline(engine, NOTHING, name.upper())


def test_a_request_with_the_same_token_is_done_once(engine: EngineProcess) -> None:
    sagemaker, name, first = engine.client("sagemaker"), unique("Pipe"), token()
    request = {
        "PipelineName": name,
        "PipelineDefinition": NOTHING,
        "RoleArn": ROLE,
        "ClientRequestToken": first,
    }
    assert (
        sagemaker.create_pipeline(**request)["PipelineArn"]
        == sagemaker.create_pipeline(**request)["PipelineArn"]
    )
    with refused("ConflictException", first):
        create_pipeline(engine, NOTHING, ClientRequestToken=first)
    again = token()
    executions = [start(engine, name, ClientRequestToken=again) for _ in range(2)]
    assert executions[0].arn == executions[1].arn
    assert len(sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]) == 1
    executions[0].succeeded()
    last = token()
    for _ in range(2):
        sagemaker.delete_pipeline(PipelineName=name, ClientRequestToken=last)


def test_a_definition_comes_from_an_object(engine: EngineProcess) -> None:
    bucket, _, key = (
        put(engine, f"{unique('definition')}.json", NOTHING.encode()).removeprefix("s3://").partition("/")
    )
    name, location = unique("Pipe"), {"Bucket": bucket, "ObjectKey": key}
    sagemaker = engine.client("sagemaker")
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinitionS3Location=location, RoleArn=ROLE)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == NOTHING
    for object_key, error in ((f"{key}-not", "there is no object s3://"), (key, "not both")):
        more = {"PipelineDefinition": NOTHING} if object_key == key else {}
        with refused("ValidationException", error):
            sagemaker.update_pipeline(
                PipelineName=name, PipelineDefinitionS3Location={**location, "ObjectKey": object_key}, **more
            )


TRANSFORM: dict[str, Any] = {
    "ModelName": "m",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/o"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {"Model": "m"},
            "Step 'T': Arguments has the member 'Model'; its members are TransformJobName, ModelName,",
        ),
        ({"ModelName": None}, "Step 'T': Arguments has no ModelName, which must be given."),
        ({"ModelName": 3}, "Step 'T': Arguments.ModelName is 3; it must be a text or an expression."),
        (
            {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": "1"}},
            "Step 'T': Arguments.TransformResources.InstanceCount is \"1\"; it must be a whole number",
        ),
        (
            {"TransformOutput": {"S3OutputPath": "s3://b/o", "Format": "x"}},
            "Step 'T': Arguments.TransformOutput has the member 'Format'; its members are S3OutputPath,",
        ),
        (
            {"ModelName": get("Steps.M.ModelNames")},
            "Step 'T' refers to 'ModelNames' of step 'M'; the answer of DescribeModel has ModelName,",
        ),
        (
            {"ModelName": get("Steps.M.PrimaryContainer.Images")},
            "Step 'T' refers to 'PrimaryContainer.Images' of step 'M'; 'PrimaryContainer' has ContainerHostname,",
        ),
        (
            {"ModelName": get("Steps.M.ModelName.x")},
            "Step 'T' refers to 'ModelName.x' of step 'M'; 'ModelName' has no 'x'.",
        ),
    ],
)
def test_a_step_whose_request_sagemaker_would_refuse_is_refused_when_the_pipeline_is_created(
    engine: EngineProcess, change: dict[str, Any], error: str
) -> None:
    model = step("M", "Model", {"PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE})
    text = definition(model, step("T", "Transform", {**TRANSFORM, **change}))
    with refused("ValidationException", f"Unable to parse pipeline definition. {error}"):
        create_pipeline(engine, text)


def test_bad_values_of_parameters_are_refused_before_anything_runs(engine: EngineProcess) -> None:
    text = definition(fail("F", "x"), parameters=[{"Name": "N", "Type": "Integer", "DefaultValue": 1}])
    name = create_pipeline(engine, text)
    with refused("ValidationException", "The parameter 'N' is 'x'; its type Integer needs a whole number."):
        start(engine, name, {"N": "x"})
    with refused("ValidationException", "The pipeline has no parameter 'M'; its parameters are N."):
        start(engine, name, {"M": "1"})
    assert not engine.client("sagemaker").list_pipeline_executions(PipelineName=name)[
        "PipelineExecutionSummaries"
    ]


def test_an_execution_is_described_with_its_parameters_definition_and_experiment(
    engine: EngineProcess,
) -> None:
    sagemaker = engine.client("sagemaker")
    text = definition(
        condition("Check", equals(get("Parameters.N"), 2)),
        parameters=[
            {"Name": "N", "Type": "Integer", "DefaultValue": 1},
            {"Name": "B", "Type": "Boolean", "DefaultValue": True},
        ],
        PipelineExperimentConfig={
            "ExperimentName": get("Execution.PipelineName"),
            "TrialName": join("trial-", get("Parameters.N")),
        },
    )
    name = create_pipeline(engine, text)
    execution = start(
        engine, name.upper(), {"N": "2"}, PipelineExecutionDisplayName="nightly", PipelineExecutionDescription="it runs"
    ).succeeded()  # fmt: skip
    described = execution.describe()
    assert described["PipelineExperimentConfig"] == {"ExperimentName": name, "TrialName": "trial-2"}
    assert described["PipelineArn"] == execution.arn.rpartition("/execution/")[0]
    assert (described["PipelineExecutionDisplayName"], described["PipelineVersionId"]) == ("nightly", 1)
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=NOTHING)
    answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution.arn)
    assert json.loads(answer["PipelineDefinition"]) == json.loads(text)
    values = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution.arn)
    assert values["PipelineParameters"] == [{"Name": "B", "Value": "true"}, {"Name": "N", "Value": "2"}]
    first = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution.arn, MaxResults=1)
    rest = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=execution.arn, NextToken=first["NextToken"]
    )
    assert [value["Name"] for value in rest["PipelineParameters"]] == ["N"]
    sagemaker.update_pipeline_execution(
        PipelineExecutionArn=execution.arn, PipelineExecutionDescription="it ran"
    )
    (summary,) = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert summary["PipelineExecutionDescription"] == "it ran"
    assert summary["PipelineExecutionStatus"] == "Succeeded"
    assert sagemaker.describe_pipeline(PipelineName=name)["LastRunTime"] == described["CreationTime"]


def test_executions_and_steps_are_listed_in_pages_the_latest_first(engine: EngineProcess) -> None:
    sagemaker = engine.client("sagemaker")
    chain = [condition(f"S{n}", equals(1, 1), DependsOn=[f"S{n - 1}"] if n else []) for n in range(12)]
    name = create_pipeline(engine, definition(*chain))
    executions = [start(engine, name).succeeded() for _ in range(3)]
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=name, PaginationConfig={"PageSize": 2}
    )
    arns = [
        summary["PipelineExecutionArn"] for page in pages for summary in page["PipelineExecutionSummaries"]
    ]
    assert arns == [execution.arn for execution in reversed(executions)]
    assert list(executions[0].steps()) == [f"S{n}" for n in range(12)]
    latest = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=executions[0].arn)[
        "PipelineExecutionSteps"
    ]
    assert [row["StepName"] for row in latest] == [f"S{n}" for n in range(11, 1, -1)]


def test_an_execution_that_has_ended_cannot_be_stopped_nor_retried_if_it_succeeded(
    engine: EngineProcess,
) -> None:
    execution = start(engine, create_pipeline(engine, NOTHING)).succeeded()
    with refused("ValidationException", "Only executions in status Executing can be stopped"):
        execution.stop()
    with refused("ValidationException", "Only executions in status Failed or Stopped can be retried"):
        execution.retry()


def test_an_unknown_execution_is_not_found(engine: EngineProcess) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{unique('p')}/execution/abcdefghijkl"
    with refused("ResourceNotFound", "does not exist"):
        Execution(engine, arn).describe()
