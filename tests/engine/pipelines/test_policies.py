"""Retry policies, the cache, and selective execution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.pipelines.definitions import (
    create_pipeline,
    definition,
    get,
    model_step,
    run,
    start,
    transform_step,
)
from tests.engine.resources import refused, unique
from tests.engine.transforms import MODEL_SERVERS, container, put
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture(scope="module")
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine without capacity for one instance type, with a quota for another, and with a rate for models."""
    process = EngineProcess(
        tmp_path_factory.mktemp("scarce"),
        ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS),
        ENGINE_NO_CAPACITY="ml.m5.xlarge",
        ENGINE_QUOTAS="ml.m5.2xlarge=1",
        ENGINE_RATE_LIMITS="CreateModel=1",
    ).start()
    yield process
    process.stop()


def policy(*exceptions: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "ExceptionType": list(exceptions),
            "IntervalSeconds": 1,
            "BackoffRate": 1.0,
            **{"MaxAttempts": 2, **more},
        }
    ]


def on(instance_type: str, step_definition: dict[str, Any]) -> dict[str, Any]:
    step_definition["Arguments"]["TransformResources"]["InstanceType"] = instance_type
    return step_definition


def test_a_job_without_capacity_is_tried_again_as_often_as_the_policy_says(scarce: EngineProcess) -> None:
    policies = policy("Step.THROTTLING") + policy("SageMaker.CAPACITY_ERROR")
    failing = on("ml.m5.xlarge", transform_step(scarce, RetryPolicies=policies))
    execution = run(
        scarce, model_step(scarce, RetryPolicies=policy("Step.THROTTLING", MaxAttempts=9)), failing
    ).failed()
    assert execution.steps()["Transform"]["AttemptCount"] == 3
    part = execution.arn.rpartition("/")[2]
    jobs = scarce.client("sagemaker").list_transform_jobs(NameContains=part)["TransformJobSummaries"]
    assert len(jobs) == 3
    assert execution.steps()["Transform"]["FailureReason"].startswith("ClientError: CapacityError")


def test_without_a_policy_for_it_a_failure_is_final(scarce: EngineProcess) -> None:
    throttled = policy("Step.THROTTLING", MaxAttempts=9)
    failing = on("ml.m5.xlarge", transform_step(scarce, RetryPolicies=policy("Step.SERVICE_FAULT")))
    execution = run(scarce, model_step(scarce, RetryPolicies=throttled), failing).failed()
    assert execution.steps()["Transform"]["AttemptCount"] == 1


def test_a_throttled_call_and_a_quota_are_tried_again_until_there_is_room(scarce: EngineProcess) -> None:
    throttled = policy("Step.THROTTLING", MaxAttempts=9)
    limited = policy("SageMaker.RESOURCE_LIMIT", MaxAttempts=99)
    sleeping = on("ml.m5.2xlarge", transform_step(scarce, body=b"sleep"))
    first = run(scarce, model_step(scarce, RetryPolicies=throttled), sleeping)
    until(lambda: first.is_running("Transform"), "the job that takes the quota")
    waiting = on("ml.m5.2xlarge", transform_step(scarce, RetryPolicies=limited))
    second = run(scarce, model_step(scarce, RetryPolicies=throttled), waiting)
    until(lambda: second.steps().get("Transform", {}).get("AttemptCount", 0) > 1, "a further attempt")
    first.stop()
    second.succeeded()


def test_a_result_is_taken_from_an_earlier_execution_with_the_same_request(
    serving_engine: EngineProcess,
) -> None:
    model = unique("model")
    serving_engine.client("sagemaker").create_model(
        ModelName=model,
        PrimaryContainer=container(serving_engine),
        ExecutionRoleArn="arn:aws:iam::000000000000:role/R",
    )
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
    cached_step = transform_step(serving_engine, model=model, data=get("Parameters.Data"), **cached)
    data = put(serving_engine, f"{unique('in')}/x", b"x")
    text = definition(cached_step, parameters=[{"Name": "Data", "Type": "String", "DefaultValue": data}])
    name = create_pipeline(serving_engine, text)
    first = start(serving_engine, name).succeeded()
    assert "CacheHitResult" not in first.steps()["Transform"]
    for _ in range(2):
        again = start(serving_engine, name).succeeded()
        assert again.steps()["Transform"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first.arn}
        assert again.job() == first.job()
    execution_with_other_data = start(
        serving_engine, name, {"Data": put(serving_engine, f"{unique('in')}/x", b"y")}
    ).succeeded()
    assert "CacheHitResult" not in execution_with_other_data.steps()["Transform"]
    cached_step["CacheConfig"]["ExpireAfter"] = "PT0S"
    serving_engine.client("sagemaker").update_pipeline(
        PipelineName=name,
        PipelineDefinition=definition(
            cached_step, parameters=[{"Name": "Data", "Type": "String", "DefaultValue": data}]
        ),
    )
    late = start(serving_engine, name).succeeded()
    assert "CacheHitResult" not in late.steps()["Transform"]


def test_selected_steps_run_with_the_results_and_parameters_of_another_execution(
    serving_engine: EngineProcess,
) -> None:
    data = put(serving_engine, f"{unique('in')}/x", b"x")
    text = definition(
        model_step(serving_engine),
        transform_step(serving_engine, data=get("Parameters.Data")),
        transform_step(serving_engine, "Other", data=get("Parameters.Data"), DependsOn=["Transform"]),
        parameters=[{"Name": "Data", "Type": "String"}],
    )
    name = create_pipeline(serving_engine, text)
    source = start(serving_engine, name, {"Data": data}).succeeded()
    config = {"SelectedSteps": [{"StepName": "Transform"}], "SourcePipelineExecutionArn": source.arn}
    execution = start(serving_engine, name, SelectiveExecutionConfig=config).succeeded()
    assert list(execution.steps()) == ["Model", "Transform"]
    assert execution.steps()["Model"]["SelectiveExecutionResult"] == {
        "SourcePipelineExecutionArn": source.arn
    }
    assert execution.job("Model") == source.job("Model")
    assert execution.job() != source.job()
    assert execution.describe()["SelectiveExecutionConfig"] == config
    newest = start(serving_engine, name, SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Model"}]})
    used = newest.succeeded().describe()["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"]
    assert used == execution.arn


def test_a_selection_is_refused_whose_steps_need_what_is_not_there(serving_engine: EngineProcess) -> None:
    name = create_pipeline(
        serving_engine, definition(model_step(serving_engine), transform_step(serving_engine, body=b"bad"))
    )

    def select(*steps: str, **more: Any) -> None:
        config = {"SelectedSteps": [{"StepName": step_name} for step_name in steps], **more}
        start(serving_engine, name, SelectiveExecutionConfig=config)

    with refused("ValidationException", "has no finished execution whose results"):
        select("Transform")
    failed = start(serving_engine, name).failed()
    with refused(
        "ValidationException", "SelectedSteps has 'Nope'; the pipeline's steps are Model, Transform."
    ):
        select("Nope")
    with refused("ResourceNotFound", "has no execution"):
        select("Model", SourcePipelineExecutionArn=f"{failed.arn[:-3]}xxx")
