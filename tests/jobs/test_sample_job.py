"""The sample on the real engine: from bootstrap to predictions, through the services and the API."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs.lifecycle.queue import starting
from jobs.models import PlannedObject, RegisteredModel, TransformJob
from jobs.services.bootstrap import bootstrap
from jobs.services.submitting import sample, submission
from jobs.services.submitting.output_folders import undated
from jobs.states import JobState
from results import job_outputs, logs
from teams.models import Activity
from tests.cast import House
from tests.jobs.following import follow
from tests.support.engine import EngineProcess
from transform.keys import parse_s3_uri

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "breast-cancer"


@pytest.fixture
def ready(db: None, engine: EngineProcess, settings: Any, engine_keys: Path) -> Any:
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    return bootstrap()


def put_strangers_output(job: TransformJob, engine: EngineProcess) -> str:
    """Write what another job might have left first in this job's output folder; its key."""
    bucket, folder = parse_s3_uri(job.output_path)
    key = f"{folder}a-strangers.out"
    engine.client("s3").put_object(Bucket=bucket, Key=key, Body=b"secret")
    return key


def test_bootstrap_can_be_repeated(ready: Any) -> None:
    out = StringIO()
    call_command("bootstrap", stdout=out)
    assert "sample model breast-cancer-xgb" in out.getvalue()
    assert RegisteredModel.objects.count() == 1


def test_the_sample_job_leads_to_predictions(ready: Any, client: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job)
    assert (job.state, job.state_reason) == (JobState.COMPLETED, "")
    assert job.warning_texts == []
    assert job.objects_done == job.objects_total == 4
    assert job.bytes_total == sum(file.stat().st_size for file in (SAMPLE / "data").iterdir())
    assert job.started_at is not None
    assert job.ended_at is not None

    page = job_outputs.outputs(job)
    assert len(page.outputs) == 4
    assert page.next == ""
    first = page.outputs[0]
    assert first.input_key + ".out" == f"breast-cancer/data/{first.name}"

    shown = job_outputs.preview(job, first.key)
    source = SAMPLE / "data" / first.name.removesuffix(".out")
    with source.open() as rows:
        asked = len(list(csv.reader(rows)))
    assert shown.kind == "table"
    assert len(shown.rows) == min(asked, 200)
    assert all(0 <= float(row[0]) <= 1 for row in shown.rows)

    whole = job_outputs.download(job, first.key)
    assert whole.body is not None
    body = b"".join(whole.body)
    assert len(body) == whole.size == first.size
    assert body.decode().splitlines()[: len(shown.rows)] == [row[0] for row in shown.rows]

    said = logs.page(job)
    assert said.lines
    assert said.stream in {stream.label for stream in said.streams}
    since = logs.page(job, stream=said.stream, token=said.token)
    assert since.lines == ()


def test_two_sample_jobs_of_one_second_write_to_folders_of_their_own() -> None:
    paths = {sample.fields()["output_path"] for _ in range(20)}
    assert len(paths) == 20
    assert {undated(path) for path in paths} == {sample.read().output_path}


def test_the_same_through_the_api(ready: Any, client: Any) -> None:
    house = House(ready.team, {"admin": ready.admin}, ready.connection, ready.model)
    api = house.api("admin")
    body = {"connection": "engine", **sample.fields()}
    made = api.post("/api/v1/jobs/", body, "application/json")
    assert made.status_code == 201, made.content
    job = TransformJob.objects.get(key=made.json()["id"])
    starting.start(job.pk)
    follow(job)
    found = api.get(made.json()["api_url"]).json()
    assert found["state"] == "COMPLETED"
    assert found["name"] == made.json()["name"]
    assert [event["to_state"] for event in found["events"]] == [
        "WAITING", "SUBMITTING", "IN_PROGRESS", "COMPLETED",
    ]  # fmt: skip
    outputs = api.get(f"{made.json()['api_url']}outputs/").json()
    assert len(outputs["results"]) == outputs["objects_total"] == 4
    first = outputs["results"][0]
    assert first["uri"].startswith("s3://batchdeck-samples/")
    assert api.get(first["preview_url"]).json()["kind"] == "table"
    download = api.get(first["download_url"])
    assert len(b"".join(download.streaming_content)) == first["size"]
    assert "attachment" in download.headers["Content-Disposition"]
    log = api.get(f"{made.json()['api_url']}logs/").json()
    assert log["results"]
    assert set(log["results"][0]) == {"at", "text", "stream", "id", "level"}


def test_what_people_did_is_written_down(ready: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    done = Activity.objects.get(object_id=job.key)
    assert (done.verb, done.user, done.object_label) == ("job.submitted", ready.admin, job.name)


def test_only_outputs_of_the_job_can_be_read_through_it(ready: Any, engine: EngineProcess) -> None:
    api = House(ready.team, {"admin": ready.admin}, ready.connection, ready.model).api("admin")
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    follow(job)
    stranger = put_strangers_output(job, engine)
    for key in ["breast-cancer/model.tar.gz", stranger, "../x.out", "nothing.out"]:
        for verb in ["preview", "download"]:
            answer = api.get(f"/api/v1/jobs/{job.key}/outputs/{verb}/", {"key": key})
            assert answer.status_code == 404, key
            assert "no such output" in answer.json()["error"]["message"]
    assert "strangers" not in json.dumps(api.get(f"/api/v1/jobs/{job.key}/outputs/").json())


def test_outputs_are_paged_past_those_of_other_jobs(ready: Any, engine: EngineProcess) -> None:
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    follow(job)
    put_strangers_output(job, engine)
    first = job_outputs.outputs(job, limit=3)
    second = job_outputs.outputs(job, after=first.next, limit=3)
    assert len(first.outputs) == 3
    assert len(second.outputs) == 1
    assert second.next == ""


def test_outputs_of_an_earlier_job_under_the_same_path_do_not_count(ready: Any) -> None:
    first = sample.run(ready.team, by=ready.admin)
    starting.start(first.pk)
    follow(first)
    PlannedObject.objects.filter(job=first).update(done=False)
    later = TransformJob.objects.get(pk=first.pk)
    assert later.started_at is not None
    later.started_at = later.started_at.replace(year=later.started_at.year + 1)
    later.save()
    assert job_outputs.outputs(later).outputs == ()


def test_a_redelivered_start_adopts_the_job_it_made(ready: Any) -> None:
    job = sample.run(ready.team, by=ready.admin)
    starting.start(job.pk)
    # As a worker killed between Create and its note would leave it.
    TransformJob.objects.filter(pk=job.pk).update(
        state=JobState.SUBMITTING, arn="", changed_at=job.created_at.replace(year=2020)
    )
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job)
    assert job.state == JobState.COMPLETED
    assert job.objects_done == 4


def test_submission_asks_for_a_worker_only_once_it_is_committed(
    ready: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        submission.submit(
            *submission.parse(ready.team, {"connection": "engine", **sample.fields()}), by=ready.admin
        )
    assert len(callbacks) == 1
