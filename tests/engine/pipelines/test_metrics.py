"""CloudWatch's metrics of executions and steps."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.engine.pipelines.definitions import (
    condition,
    create_pipeline,
    definition,
    equals,
    fail,
    get,
    start,
)
from tests.engine.resources import unique
from tests.engine.team_keys import client_of, denied, make_key
from tests.support.engine import EngineProcess

NAMESPACE = "AWS/Sagemaker/ModelBuildingPipeline"


def dimensions(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def total(cloudwatch: Any, metric: str, statistic: str = "Sum", **values: str) -> dict[str, Any] | None:
    """The one data point of today's metric, or None."""
    end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    points = cloudwatch.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=metric,
        Dimensions=dimensions(**values),
        StartTime=end - dt.timedelta(hours=1),
        EndTime=end,
        Period=86400 * 365,
        Statistics=[statistic],
    )["Datapoints"]
    return dict(points[0]) if points else None


def test_executions_and_steps_are_counted_and_timed(engine: EngineProcess) -> None:
    text = definition(
        condition("Check", equals(get("Parameters.N"), 1), otherwise=[fail("Bad", "x")]),
        parameters=[{"Name": "N", "Type": "Integer", "DefaultValue": 1}],
    )
    name = create_pipeline(engine, text)
    executions = [start(engine, name).succeeded(), start(engine, name).succeeded()]
    executions.append(start(engine, name, {"N": "2"}).failed())
    cloudwatch = engine.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace=NAMESPACE, Dimensions=dimensions(PipelineName=name))[
        "Metrics"
    ]
    assert {(metric["MetricName"], len(metric["Dimensions"])) for metric in metrics} == {
        ("ExecutionStarted", 1), ("ExecutionSucceeded", 1), ("ExecutionFailed", 1), ("ExecutionDuration", 1),
        ("StepStarted", 2), ("StepSucceeded", 2), ("StepFailed", 2), ("StepDuration", 2),
    }  # fmt: skip
    counts = {
        word: total(cloudwatch, f"Execution{word}", PipelineName=name)
        for word in ("Started", "Succeeded", "Failed", "Stopped")
    }
    sums = {word: point and (point["Sum"], point["Unit"]) for word, point in counts.items()}
    assert sums == {
        "Started": (3, "Count"),
        "Succeeded": (2, "Count"),
        "Failed": (1, "Count"),
        "Stopped": None,
    }
    check = total(cloudwatch, "StepSucceeded", PipelineName=name, StepName="Check")
    assert check is not None
    assert check["Sum"] == 3
    longest = total(cloudwatch, "ExecutionDuration", "Maximum", PipelineName=name)
    assert longest is not None
    assert longest["Unit"] == "Milliseconds"
    assert 0 <= longest["Maximum"] < 60_000


def test_a_team_sees_the_metrics_of_its_own_pipelines_only(engine: EngineProcess) -> None:
    team = unique("team")
    assert make_key(engine, team, "--s3", f"s3://{team}/", "--names", f"{team}-*").returncode == 0
    text = definition(condition("Check", equals(1, 1)))
    foreign_pipeline = create_pipeline(engine, text)
    own_pipeline = create_pipeline(engine, text, f"{team}-Pipe")
    for name in (foreign_pipeline, own_pipeline):
        start(engine, name).succeeded()
    cloudwatch = client_of(engine, team)("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert {entry["Value"] for metric in metrics for entry in metric["Dimensions"]} == {own_pipeline, "Check"}
    assert total(cloudwatch, "ExecutionStarted", PipelineName=own_pipeline)
    with denied():
        total(cloudwatch, "ExecutionStarted", PipelineName=foreign_pipeline)
