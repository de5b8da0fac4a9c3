"""When rules and schedules fire: on time, once, and late after the engine was down; an absent pipeline is told."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.store import Store
from tests.engine.resources import ROLE, unique
from tests.engine.test_rules import target
from tests.support.engine import EngineProcess
from tests.support.polling import until

DAY = 24 * 3600


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine of its own, for it is killed."""
    process = EngineProcess(tmp_path_factory.mktemp("clock")).start()
    yield process
    process.stop()


@pytest.fixture
def timers(engine: EngineProcess) -> Iterator[Callable[[str, float], None]]:
    """Sets the due time of a source in the engine's own database."""
    connection = sqlite3.connect(engine.data_dir / "engine.sqlite3", isolation_level=None, timeout=20)

    def set_due(source: str, due: float) -> None:
        assert connection.execute("UPDATE timers SET due = ? WHERE source = ?", (due, source)).rowcount == 1

    yield set_due
    connection.close()


def make_rule(engine: EngineProcess, expression: str = "rate(1 day)") -> str:
    events, name = engine.client("events"), unique("rule")
    arn = events.put_rule(Name=name, ScheduleExpression=expression)["RuleArn"]
    events.put_targets(Rule=name, Targets=[target(unique("absent")), target(unique("absent"), Id="second")])
    return str(arn)


def make_schedule(engine: EngineProcess, **changes: Any) -> str:
    request = {
        "Name": unique("schedule"),
        "ScheduleExpression": "cron(0 0 1 1 ? 2199)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {key: value for key, value in target(unique("absent")).items() if key != "Id"},
        **changes,
    }
    return str(engine.client("scheduler").create_schedule(**request)["ScheduleArn"])


def failures(store: Store, source: str, metric: str = "FailedInvocations") -> int:
    return len(store.timers.counts(source, metric, 0, time.time() + 60))


def test_a_rule_fires_each_target_once_and_a_failure_is_told(
    engine: EngineProcess, timers: Callable[[str, float], None], store: Store
) -> None:
    arn = make_rule(engine)
    due = store.timers.next_due(arn)
    assert due == pytest.approx(time.time() + DAY, abs=60)
    timers(arn, time.time())
    until(lambda: failures(store, arn) == 2, "the firing")
    assert failures(store, arn, "Invocations") == 2
    assert engine.log.count(f"{arn} could not start") == 2
    assert store.timers.next_due(arn) == due
    assert store.timers.ready_firings(time.time() + DAY) == []
    cloudwatch = engine.client("cloudwatch")
    rule = [{"Name": "RuleName", "Value": arn.rpartition("/")[2]}]
    metrics = cloudwatch.list_metrics(Namespace="AWS/Events", Dimensions=rule)["Metrics"]
    assert {row["MetricName"] for row in metrics} == {"Invocations", "FailedInvocations"}
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="FailedInvocations",
        Dimensions=rule,
        StartTime=time.time() - 3600,
        EndTime=time.time() + 60,
        Period=86400,
        Statistics=["Sum"],
    )["Datapoints"]
    assert (point["Sum"], point["Unit"]) == (2.0, "Count")


def test_times_that_a_rule_missed_while_the_engine_was_down_are_not_made_up(
    engine: EngineProcess, timers: Callable[[str, float], None], store: Store
) -> None:
    late, punctual = make_rule(engine, "rate(1 hour)"), make_rule(engine, "rate(1 hour)")
    engine.kill()
    timers(late, time.time() - 120)
    timers(punctual, time.time() - 5)
    engine.start()
    until(lambda: failures(store, punctual) == 2, "the firing")
    assert failures(store, late) == 0
    assert f"{late}: its time" in engine.log
    assert store.timers.next_due(late) == pytest.approx(time.time() + 3600, abs=120)


def test_times_that_a_schedule_missed_are_made_up_as_its_retry_policy_says(
    engine: EngineProcess, timers: Callable[[str, float], None], store: Store
) -> None:
    pipeline = {key: value for key, value in target(unique("absent")).items() if key != "Id"}
    made_up = make_schedule(engine)
    too_old = make_schedule(engine, Target={**pipeline, "RetryPolicy": {"MaximumEventAgeInSeconds": 60}})
    no_retry = make_schedule(engine, Target={**pipeline, "RetryPolicy": {"MaximumRetryAttempts": 0}})
    engine.kill()
    for arn in (too_old, no_retry, made_up):
        timers(arn, time.time() - 120)
    engine.start()
    until(lambda: failures(store, made_up, "TargetErrorCount") == 1, "the firing")
    assert [failures(store, arn, "TargetErrorCount") for arn in (too_old, no_retry)] == [0, 0]


def test_a_rate_without_start_date_begins_at_once_and_its_end_deletes_it(
    engine: EngineProcess, store: Store
) -> None:
    arn = make_schedule(engine, ScheduleExpression="rate(1 hour)")
    until(lambda: failures(store, arn, "TargetErrorCount") == 1, "the firing")
    assert store.timers.next_due(arn) == pytest.approx(time.time() + 3600, abs=60)
    once = make_schedule(
        engine,
        ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 2)),
        ActionAfterCompletion="DELETE",
    )
    until(lambda: failures(store, once, "TargetErrorCount") == 1, "the firing")
    names = [row["Arn"] for row in engine.client("scheduler").list_schedules()["Schedules"]]
    assert once not in names
    assert arn in names


def test_a_disabled_rule_is_never_due(engine: EngineProcess, store: Store) -> None:
    arn = make_rule(engine)
    name = arn.rpartition("/")[2]
    engine.client("events").disable_rule(Name=name)
    assert store.timers.next_due(arn) is None
    engine.client("events").enable_rule(Name=name)
    assert store.timers.next_due(arn) == pytest.approx(time.time() + DAY, abs=60)


def test_a_flexible_window_spreads_the_start(
    engine: EngineProcess, timers: Callable[[str, float], None], store: Store
) -> None:
    arn = make_schedule(engine, FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440})
    due = time.time()
    timers(arn, due)
    until(lambda: store.timers.next_due(arn) != due, "the firing")
    firing = next(row for row in store.timers.ready_firings(due + 2 * DAY) if row.source == arn)
    assert due <= firing.next_try <= due + DAY
    assert firing.target["RoleArn"] == ROLE


def make_pipeline(engine: EngineProcess) -> str:
    """A pipeline that ends at once; returns its name."""
    name = unique("Pipeline")
    step = {"Name": "End", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.InputDataUrl"}}}
    parameters = [{"Name": "InputDataUrl", "Type": "String"}]
    definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": [step]}
    engine.client("sagemaker").create_pipeline(
        PipelineName=name,
        RoleArn=ROLE,
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="t" * 32,
    )
    return name


def test_a_due_time_starts_one_execution_with_the_targets_parameters(
    engine: EngineProcess, timers: Callable[[str, float], None], store: Store
) -> None:
    sagemaker, events, name = engine.client("sagemaker"), engine.client("events"), unique("rule")
    pipeline = make_pipeline(engine)
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 day)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[target(pipeline.lower())])
    due = time.time()
    timers(arn, due)

    def executions() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = sagemaker.list_pipeline_executions(PipelineName=pipeline)[
            "PipelineExecutionSummaries"
        ]
        return rows

    until(executions, "the execution")
    (execution,) = executions()
    answer = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )
    assert answer["PipelineParameters"] == [{"Name": "InputDataUrl", "Value": "s3://b/k"}]
    until(lambda: failures(store, arn, "Invocations"), "the count")
    assert failures(store, arn) == 0
    # As if the engine had been killed after the start and before it was noted.
    engine.kill()
    timers(arn, due)
    engine.start()
    until(lambda: failures(store, arn, "Invocations") == 2, "the repeated start")
    assert [row["PipelineExecutionArn"] for row in executions()] == [execution["PipelineExecutionArn"]]
