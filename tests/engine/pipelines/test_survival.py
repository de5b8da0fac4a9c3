"""Executions go on after a kill -9 of the engine, and no job is started twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.store import Store
from engine.store.execution_steps import StepRow
from tests.engine.pipelines.definitions import (
    Execution,
    create_pipeline,
    definition,
    model_step,
    run,
    start,
    transform_step,
)
from tests.engine.transforms import MODEL_SERVERS
from tests.support.engine import EngineProcess
from tests.support.polling import until


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine to kill."""
    process = EngineProcess(tmp_path, ENGINE_EXTRA_RUNTIMES=str(MODEL_SERVERS)).start()
    yield process
    process.stop()


def created(engine: EngineProcess, execution: Execution) -> list[str]:
    """The names of all jobs and models of an execution, without their random ends, sorted."""
    sagemaker, part = engine.client("sagemaker"), execution.arn.rpartition("/")[2]
    jobs = sagemaker.list_transform_jobs(NameContains=part, MaxResults=100)["TransformJobSummaries"]
    models = sagemaker.list_models(NameContains=part, MaxResults=100)["Models"]
    names = [job["TransformJobName"] for job in jobs] + [model["ModelName"] for model in models]
    return sorted(name.split("-")[2] for name in names)


def killed_in_transform(engine: EngineProcess) -> tuple[Execution, Store, StepRow]:
    """An execution whose engine is killed while its transform job runs; the engine's store, and the step's row."""
    execution = run(engine, model_step(engine), transform_step(engine, body=b"sleep"))
    until(lambda: execution.is_running("Transform"), "the job")
    engine.kill()
    store = Store(engine.data_dir / "engine.sqlite3")
    return execution, store, store.executions.steps.of(execution.arn)["Transform"]


def test_a_running_job_is_followed_on_after_a_kill(engine: EngineProcess) -> None:
    execution, store, row = killed_in_transform(engine)
    store.close()
    engine.start()
    assert execution.job() == row.job
    execution.stop()
    assert execution.ended()["PipelineExecutionStatus"] == "Stopped"
    assert created(engine, execution) == ["Model", "Transform"]


def test_a_job_that_was_created_just_before_the_kill_is_taken_over(engine: EngineProcess) -> None:
    execution, store, row = killed_in_transform(engine)
    # As if the engine had been killed between the call and its record.
    store.executions.steps.put(replace(row, status="Starting", metadata={}))
    store.close()
    engine.start()
    until(lambda: execution.is_running("Transform"), "the step")
    assert execution.job() == row.job
    execution.stop()
    execution.ended()
    assert created(engine, execution) == ["Model", "Transform"]


def test_a_job_that_was_about_to_be_created_gets_its_stored_name(engine: EngineProcess) -> None:
    execution, store, row = killed_in_transform(engine)
    # As if the engine had been killed between the record of the name and the call.
    name = f"{row.job}b"
    store.executions.steps.put(replace(row, status="Starting", metadata={}, job=name))
    store.close()
    engine.start()
    until(lambda: execution.is_running("Transform"), "the step")
    assert execution.job() == name
    execution.stop()
    execution.ended()


def test_a_taken_name_that_is_another_jobs_fails_the_step(engine: EngineProcess) -> None:
    earlier_execution = run(engine, model_step(engine), transform_step(engine)).succeeded()
    others_job = earlier_execution.job()
    execution, store, row = killed_in_transform(engine)
    store.executions.steps.put(replace(row, status="Starting", metadata={}, job=others_job))
    store.close()
    engine.start()
    execution.failed()
    assert f"The name {others_job} is taken by arn:" in execution.steps()["Transform"]["FailureReason"]


def test_a_stop_is_carried_out_after_a_kill(engine: EngineProcess) -> None:
    execution, store, _ = killed_in_transform(engine)
    store.executions.move(execution.arn, "Stopping", ("Executing",))
    store.close()
    engine.start()
    assert execution.ended()["PipelineExecutionStatus"] == "Stopped"
    assert execution.statuses() == {"Model": "Succeeded", "Transform": "Stopped"}


@pytest.mark.timeout(600)
def test_kills_at_random_moments_lose_and_double_no_step(engine: EngineProcess) -> None:
    """Each kill comes after a random part of a second, whatever the execution does then."""
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    steps = [
        model_step(engine),
        transform_step(engine, "One"),
        transform_step(engine, "Two", DependsOn=["One"]),
        transform_step(engine, "Three"),
        model_step(engine, "Last", DependsOn=["Two", "Three"]),
    ]
    name = create_pipeline(engine, definition(*steps))
    execution = start(engine, name)
    for _ in range(12):
        time.sleep(moments.random() / 2)
        engine.restart()
    execution.ended(240)
    assert execution.status == "Succeeded", (seed, execution.steps())
    assert created(engine, execution) == ["Last", "Model", "One", "Three", "Two"], seed
