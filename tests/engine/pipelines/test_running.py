"""Executions that run: order, values, conditions, failures, stopping."""

from __future__ import annotations

import json

from tests.engine.pipelines.definitions import (
    condition,
    create_pipeline,
    definition,
    equals,
    fail,
    get,
    join,
    model_step,
    run,
    start,
    step,
    transform_step,
)
from tests.engine.resources import unique
from tests.engine.transforms import BUCKET, Transform, container, put
from tests.support.engine import EngineProcess
from tests.support.polling import until


def test_a_step_starts_once_the_steps_to_which_it_refers_have_succeeded(
    serving_engine: EngineProcess,
) -> None:
    # The transform step comes first in the document.
    execution = run(serving_engine, transform_step(serving_engine), model_step(serving_engine)).succeeded()
    steps = execution.steps()
    assert list(steps) == ["Model", "Transform"]
    assert steps["Model"]["EndTime"] <= steps["Transform"]["StartTime"]
    job = Transform(serving_engine, execution.job())
    assert job.name.startswith(f"pipelines-{execution.arn.rpartition('/')[2]}-Transform-")
    assert job.describe()["ModelName"] == execution.job("Model")
    assert steps["Transform"]["Metadata"]["TransformJob"]["Arn"] == job.describe()["TransformJobArn"]
    assert steps["Transform"]["AttemptCount"] == 1


def test_a_step_waits_for_the_steps_in_depends_on(serving_engine: EngineProcess) -> None:
    first = model_step(serving_engine, "Last", DependsOn=["First"])
    execution = run(serving_engine, first, model_step(serving_engine, "First")).succeeded()
    assert list(execution.steps()) == ["First", "Last"]


def test_parameters_and_variables_reach_the_request_with_their_types(serving_engine: EngineProcess) -> None:
    transform_definition = transform_step(serving_engine, data=get("Parameters.Data"))
    transform_definition["Arguments"]["TransformResources"]["InstanceCount"] = get("Parameters.Count")
    transform_definition["Arguments"]["TransformOutput"]["S3OutputPath"] = join(
        f"s3://{BUCKET}", get("Execution.PipelineName"), get("Execution.PipelineExecutionId"), get("Parameters.Count"),
        on="/",
    )  # fmt: skip
    transform_definition["Arguments"]["Environment"] = {"ARN": get("Execution.PipelineExecutionArn")}
    data = put(serving_engine, f"{unique('in')}/x", b"x")
    text = definition(
        model_step(serving_engine),
        transform_definition,
        parameters=[
            {"Name": "Data", "Type": "String"},
            {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
        ],
    )
    name = create_pipeline(serving_engine, text)
    execution = start(serving_engine, name, {"Data": data}).succeeded()
    described = Transform(serving_engine, execution.job()).describe()
    assert described["TransformResources"]["InstanceCount"] == 2
    execution_id = execution.arn.rpartition("/")[2]
    assert described["TransformOutput"]["S3OutputPath"] == f"s3://{BUCKET}/{name}/{execution_id}/2"
    assert described["Environment"] == {"ARN": execution.arn}


def test_a_condition_runs_one_branch_and_what_depends_on_it(serving_engine: EngineProcess) -> None:
    text = definition(
        condition(
            "Check",
            {"Type": "GreaterThan", "LeftValue": get("Parameters.Score"), "RightValue": 0.5},
            {
                "Type": "Not",
                "Condition": {"Type": "In", "QueryValue": get("Parameters.Score"), "Values": [7, 8]},
            },
            then=[model_step(serving_engine, "Good")],
            otherwise=[fail("Bad", join("score ", get("Parameters.Score")))],
        ),
        step("After", "Model", model_step(serving_engine)["Arguments"], DependsOn=["Good"]),
        parameters=[{"Name": "Score", "Type": "Float", "DefaultValue": 0.9}],
    )
    name = create_pipeline(serving_engine, text)
    good = start(serving_engine, name).succeeded()
    assert list(good.steps()) == ["Check", "Good", "After"]
    assert good.steps()["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    bad = start(serving_engine, name, {"Score": "0.25"}).failed()
    assert bad.statuses() == {"Check": "Succeeded", "Bad": "Failed"}
    assert bad.steps()["Bad"]["Metadata"] == {"Fail": {"ErrorMessage": "score 0.25"}}
    assert bad.steps()["Bad"]["FailureReason"] == "score 0.25"
    assert bad.describe()["FailureReason"] == "Step failure: One or multiple steps failed."


def test_a_condition_compares_a_value_of_a_json_object(serving_engine: EngineProcess) -> None:
    report = put(
        serving_engine, f"{unique('report')}.json", json.dumps({"a": [{"b-c": {"value": 3}}]}).encode()
    )
    value = {"Std:JsonGet": {"S3Uri": report, "Path": "a[0]['b-c'].value"}}
    execution = run(
        serving_engine,
        condition("Check", equals(value, 3), then=[fail("Equal", "they are equal")]),
    ).failed()
    assert execution.steps()["Equal"]["FailureReason"] == "they are equal"


def test_a_value_that_is_not_there_fails_the_step_with_its_place(serving_engine: EngineProcess) -> None:
    report = put(serving_engine, f"{unique('report')}.json", b'{"mse": 1}')
    value = {"Std:JsonGet": {"S3Uri": report, "Path": "rmse"}}
    execution = run(serving_engine, condition("Check", equals(value, 3))).failed()
    assert execution.steps()["Check"]["FailureReason"] == (
        f"ClientError: In {report}: The document has no 'rmse'; it has mse."
    )


def test_a_failed_job_ends_the_run_with_its_reason_and_nothing_new_starts(
    serving_engine: EngineProcess,
) -> None:
    execution = run(
        serving_engine,
        model_step(serving_engine),
        transform_step(serving_engine, body=b"bad"),
        model_step(serving_engine, "Never", DependsOn=["Transform"]),
    ).failed()
    job = Transform(serving_engine, execution.job()).describe()
    steps = execution.steps()
    assert list(steps) == ["Model", "Transform"]
    assert steps["Transform"]["FailureReason"] == f"ClientError: {job['FailureReason']}"


def test_a_refused_call_fails_the_step_with_the_services_words(serving_engine: EngineProcess) -> None:
    execution = run(serving_engine, transform_step(serving_engine, model="nobody")).failed()
    reason = execution.steps()["Transform"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateTransformJob. Error Details: ")
    assert 'Could not find model "arn:aws:sagemaker:us-east-1:000000000000:model/nobody"' in reason


def test_a_request_is_checked_as_over_the_wire_once_its_values_are_known(
    serving_engine: EngineProcess,
) -> None:
    bad_model_step = model_step(serving_engine)
    bad_model_step["Arguments"]["ExecutionRoleArn"] = join("no", "role")
    reason = run(serving_engine, bad_model_step).failed().steps()["Model"]["FailureReason"]
    assert "Value 'norole' at 'executionRoleArn' failed to satisfy constraint" in reason


def test_two_steps_run_at_once_unless_the_execution_says_otherwise(serving_engine: EngineProcess) -> None:
    model = unique("model")
    serving_engine.client("sagemaker").create_model(
        ModelName=model,
        PrimaryContainer=container(serving_engine),
        ExecutionRoleArn="arn:aws:iam::000000000000:role/R",
    )
    steps = [transform_step(serving_engine, name, model=model, body=b"sleep") for name in ("A", "B", "C")]
    name = create_pipeline(serving_engine, definition(*steps))
    usual = start(serving_engine, name)
    sequential = start(serving_engine, name, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    until(lambda: usual.is_running("A") and usual.is_running("B") and sequential.is_running("A"), "the steps")
    assert list(usual.steps()) == ["A", "B"]
    assert list(sequential.steps()) == ["A"]
    serving_engine.client("sagemaker").update_pipeline_execution(
        PipelineExecutionArn=sequential.arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 3}
    )
    until(lambda: list(sequential.steps()) == ["A", "B", "C"], "the steps for which there is room now")
    for execution in (usual, sequential):
        execution.stop()
        assert execution.ended()["PipelineExecutionStatus"] == "Stopped"


def test_a_stop_ends_running_jobs_and_starts_no_further_step(serving_engine: EngineProcess) -> None:
    execution = run(
        serving_engine,
        model_step(serving_engine),
        transform_step(serving_engine, body=b"sleep"),
        model_step(serving_engine, "Never", DependsOn=["Transform"]),
    )
    until(lambda: execution.is_running("Transform"), "the job")
    execution.stop()
    assert execution.ended()["PipelineExecutionStatus"] == "Stopped"
    assert execution.statuses() == {"Model": "Succeeded", "Transform": "Stopped"}
    assert Transform(serving_engine, execution.job()).status == "Stopped"


def test_a_retry_goes_on_from_the_step_that_failed(serving_engine: EngineProcess) -> None:
    data = put(serving_engine, f"{unique('in')}/x", b"bad")
    execution = run(
        serving_engine, model_step(serving_engine), transform_step(serving_engine, data=data)
    ).failed()
    model, failed_job = execution.job("Model"), execution.job()
    bucket, _, key = data.removeprefix("s3://").partition("/")
    serving_engine.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    execution.retry()
    execution.succeeded()
    assert execution.job("Model") == model
    assert execution.job() != failed_job
    assert "FailureReason" not in execution.describe()


def test_a_model_is_registered_once_and_others_refer_to_its_arn(serving_engine: EngineProcess) -> None:
    sagemaker, group = serving_engine.client("sagemaker"), unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    specification = {
        "Containers": [container(serving_engine)],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    register = step(
        "Register",
        "RegisterModel",
        {"ModelPackageGroupName": group, "InferenceSpecification": specification},
    )
    model_of_package = step(
        "Model",
        "Model",
        {
            "Containers": [{"ModelPackageName": get("Steps.Register.ModelPackageArn")}],
            "ExecutionRoleArn": "arn:aws:iam::000000000000:role/R",
        },
    )
    execution = run(serving_engine, register, model_of_package, transform_step(serving_engine)).succeeded()
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert execution.steps()["Register"]["Metadata"] == {"RegisterModel": {"Arn": package["ModelPackageArn"]}}
