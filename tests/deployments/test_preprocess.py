"""A run with a script before the model: a processing job and then a transform job, on the real engine."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from django.utils import timezone

from deployments.lifecycle import advancing, preprocessing
from deployments.models import Deployment, StageRunState, StepState
from deployments.services import promoting, running
from jobs.models import Connection
from tests.cast import House
from tests.deployments.registry import BUCKET, ROWS, Registry, carry_to_end, look, make, run_to_end, stage_of
from tests.support.engine import EngineProcess

pytestmark = pytest.mark.django_db
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
#: Drops the head of each file, which the model cannot read.
SCRIPT = """
import pathlib, sys

source, output = pathlib.Path("/opt/ml/processing/input/data"), pathlib.Path("/opt/ml/processing/output")
for file in source.glob("*.csv"):
    lines = file.read_text().splitlines(keepends=True)
    (output / f"{sys.argv[1]}-{file.name}").write_text("".join(lines[1:]))
"""


def deploy_to_staging(team: House, registry: Registry, script: str) -> Deployment:
    """A deployment whose version 1 is in staging."""
    registry.add()
    step = {"image": IMAGE, "script": script, "arguments": ["prepared"]}
    deployment = make(team, registry.group, preprocess=step)
    look(deployment)
    bob = team.people["bob"].memberships.get(team=team.team)
    carry_to_end(promoting.request(stage_of(deployment, "staging"), 1, member=bob))
    return deployment


def put_input(engine: EngineProcess, group: str) -> None:
    key = f"{group}/in/{timezone.now().astimezone(UTC):%Y-%m-%d}/rows.csv"
    head = b",".join(b"column" for _ in ROWS.splitlines()[0].split(b","))
    engine.client("s3").put_object(Bucket=BUCKET, Key=key, Body=head + b"\n" + ROWS)


def test_the_scripts_output_is_what_the_model_predicts_from(
    team: House, registry: Registry, engine: EngineProcess
) -> None:
    deployment = deploy_to_staging(team, registry, SCRIPT)
    put_input(engine, registry.group)
    run = run_to_end(running.run_now(stage_of(deployment, "staging"), by=team.people["bob"]))
    assert run.state == StageRunState.COMPLETED, run.reason
    assert [step.state for step in run.steps.all()] == [StepState.COMPLETED, StepState.COMPLETED]
    assert run.job is not None
    assert run.job.data.endswith(f"/runs/{run.key}/input/")
    s3 = engine.client("s3")
    (row,) = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{registry.group}/out/")["Contents"]
    assert row["Key"].endswith("/prepared-rows.csv.out")
    predictions = s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read()
    assert len(predictions.splitlines()) == len(ROWS.splitlines())


def test_a_script_that_fails_ends_the_run_with_its_message_and_no_job_is_submitted(
    team: House, registry: Registry, engine: EngineProcess
) -> None:
    script = (
        "import pathlib\n"
        "pathlib.Path('/opt/ml/output/message').write_text('The column age is missing.')\n"
        "raise SystemExit(3)\n"
    )
    deployment = deploy_to_staging(team, registry, script)
    put_input(engine, registry.group)
    run = run_to_end(running.run_now(stage_of(deployment, "staging"), by=team.people["bob"]))
    assert run.state == StageRunState.FAILED
    assert run.reason.startswith("Preprocess: ")
    assert "The column age is missing." in run.reason
    assert [step.state for step in run.steps.all()] == [StepState.FAILED, StepState.SKIPPED]
    assert run.job is None


def test_a_worker_killed_after_it_created_the_processing_job_takes_that_job(
    team: House, registry: Registry, engine: EngineProcess
) -> None:
    deployment = deploy_to_staging(team, registry, SCRIPT)
    put_input(engine, registry.group)
    run = running.run_now(stage_of(deployment, "staging"), by=team.people["bob"])
    step = run.steps.get(position=1)
    # What a process does that is killed before it writes the row.
    preprocessing.begin(run, step)
    run.steps.filter(position=1).update(state=StepState.WAITING, name="", arn="")
    run = run_to_end(run)
    assert run.state == StageRunState.COMPLETED, run.reason
    names = engine.client("sagemaker").list_processing_jobs(NameContains=run.key)["ProcessingJobSummaries"]
    assert len(names) == 1


def test_a_stopped_run_stops_its_script_and_submits_nothing(
    team: House, registry: Registry, engine: EngineProcess
) -> None:
    deployment = deploy_to_staging(team, registry, "import time\ntime.sleep(600)\n")
    put_input(engine, registry.group)
    run = running.run_now(stage_of(deployment, "staging"), by=team.people["bob"])
    advancing.advance(run.pk)
    running.stop(run, by=team.people["bob"])
    run = run_to_end(run)
    assert run.state == StageRunState.STOPPED
    assert run.reason == "Preprocess: Stopped by bob."
    assert run.job is None


def test_a_script_reaches_no_more_than_its_limited_connection_may(
    team: House, registry: Registry, engine: EngineProcess, settings: Any
) -> None:
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    s3 = engine.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"beside-{registry.group}/secret", Body=b"secret")
    script = f"""
import boto3, pathlib

s3, said = boto3.client("s3"), []
for key in ("beside-{registry.group}/secret", "{registry.group}/in"):
    try:
        s3.put_object(Bucket="{BUCKET}", Key=key + "/probe", Body=b"")
        said.append("wrote " + key)
    except Exception as error:
        said.append(str(error))
pathlib.Path("/opt/ml/output/message").write_text("; ".join(said))
raise SystemExit(3)
"""
    deployment = deploy_to_staging(team, registry, script)
    places = [f"s3://{BUCKET}/{registry.group}/", f"s3://{BUCKET}/batchdeck/"]
    Connection.objects.filter(pk=team.connection.pk).update(allowed_places=places)
    put_input(engine, registry.group)
    run = run_to_end(running.run_now(stage_of(deployment, "staging"), by=team.people["bob"]))
    refused, _, allowed = run.reason.partition("; ")
    assert "AccessDenied" in refused, run.reason
    assert allowed.startswith(f"wrote {registry.group}/in")
