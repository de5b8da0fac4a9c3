"""A job and its further attempts are one job: in lists, counters, figures, costs, files and the API."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs import queries
from jobs.lifecycle.queue import starting
from jobs.models import TransformJob
from jobs.services.attempts import attempts, stopping
from jobs.services.listing import home_summary, spending
from jobs.services.registry import figures
from jobs.states import REMOTE, JobState, Origin
from tests.cast import House
from tests.engine.resources import unique
from tests.engine.transforms import put
from tests.jobs.running import folder, run, serving, serving_engine, started
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
_MIXED = {"a": b"1\n", "b": b"bad\n", "c": b"3\n"}
_HOUR = timedelta(hours=1)


def listed(client: Client, query: str = "") -> list[tuple[str, str, int | None]]:
    rows = client.get(f"/api/v1/jobs/{query}").json()["results"]
    return [(row["name"], row["state"], row["objects_done"]) for row in rows]


def further(first: TransformJob, state: JobState, **fields: Any) -> TransformJob:
    """A further attempt at the job, brought to this state."""
    origin = fields.pop("origin", Origin.FINISH)
    spec = {**first.spec, "data": "s3://bucket/out/.batchdeck/k.manifest", "data_type": "ManifestFile"}
    number = queries.attempts(first).count() + 1
    attempt = TransformJob.objects.create(
        team=first.team,
        connection=first.connection,
        model=first.model,
        model_name=first.model_name,
        name=f"{first.name}-{number}",
        spec=spec if origin == Origin.FINISH else first.spec,
        instance_type=first.instance_type,
        submitted_by=first.submitted_by,
        origin=origin,
        parent=first,
        root=first,
        attempt=number,
        state=state if state in (JobState.WAITING, JobState.REJECTED) else JobState.IN_PROGRESS,
    )
    now = timezone.now()
    if attempt.state == JobState.IN_PROGRESS and state != JobState.IN_PROGRESS:
        fields = {"started_at": now - _HOUR, "ended_at": now, **fields}
        assert attempt.move(state, from_=REMOTE, **fields)
    first.refresh_from_db()
    return attempt


def failed(house: House, **fields: Any) -> TransformJob:
    """A job of two objects, of which one is written; it cost a dollar."""
    now = timezone.now()
    values = {
        "objects_total": 2, "objects_done": 1, "started_at": now - _HOUR, "ended_at": now, "instance_seconds": 3600,
        "cost_usd": 1, "state_reason": "ClientError: 1 object failed", **fields,
    }  # fmt: skip
    job = house.job(JobState.FAILED, **values)
    for position, name in enumerate("ab"):
        job.planned.create(
            position=position, key=f"in/{name}", output_key=f"out/{name}.out", done=position == 0
        )
    return job


def test_a_job_whose_missing_outputs_were_written_is_completed_everywhere(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    name = unique("nightly")
    first = run(serving, serving_engine, folder, _MIXED, name=name, tags={"case": name})
    client, page = serving.api("alice"), serving.page("alice")
    assert listed(client) == [(name, "FAILED", 2)]
    put(serving_engine, f"{folder}/in/b", b"2\n")
    key = client.post(f"/api/v1/jobs/{first.key}/finish/", {}, "application/json").json()["id"]
    second = started(TransformJob.objects.get(key=key))
    assert (second.name, second.state) == (f"{name}-2", JobState.COMPLETED)
    assert listed(client) == [(name, "COMPLETED", 3)]
    assert listed(client, "?state=failed") == []
    assert listed(client, f"?text={second.name}") == [(name, "COMPLETED", 3)]
    assert listed(client, "?attempts=true") == [(second.name, "COMPLETED", 1)]
    assert len(listed(client, "?attempts=any")) == 2
    assert client.get("/api/v1/jobs/?attempts=maybe").status_code == 400
    assert client.get("/api/v1/jobs/causes/").json()["results"] == []
    answer = client.get(f"/api/v1/jobs/{first.key}/").json()
    assert (answer["state"], answer["failure"], answer["objects_missing"]) == ("COMPLETED", None, 0)
    assert (answer["warnings"], answer["attempts_count"], answer["root"]) == ([], 2, None)
    assert [attempt["state"] for attempt in answer["attempts"]] == ["FAILED", "COMPLETED"]
    assert client.get(f"/api/v1/jobs/{second.key}/").json()["root"] == first.key
    figures_now = home_summary.counters(serving.team).numbers
    assert (figures_now["failed"], figures_now["attention"], home_summary.failures(serving.team)) == (
        0,
        0,
        [],
    )
    text = Page(page.get("/jobs/")).by_id("history").text
    assert "3 of 3" in text
    assert "Failed" not in text
    assert second.name not in text
    rows = list(csv.DictReader(b"".join(page.get("/jobs/export.csv")).decode().splitlines()))  # type: ignore[arg-type]
    (row,) = rows
    assert (row["state"], row["attempts"], row["objects_done"], row["cause"]) == ("COMPLETED", "2", "3", "")
    for which in (first, second):
        outputs = client.get(f"/api/v1/jobs/{which.key}/outputs/").json()
        assert [output["name"] for output in outputs["results"]] == ["a.out", "b.out", "c.out"]
        assert (outputs["objects_done"], outputs["objects_total"]) == (3, 3)
        preview = client.get(f"/api/v1/jobs/{which.key}/outputs/preview/?key={folder}/out/a.out")
        assert preview.status_code == 200
        files = client.get(f"/api/v1/jobs/{which.key}/files/").json()
        assert [file["state"] for file in files["results"]] == ["written"] * 3


@pytest.mark.parametrize(
    ("steps", "written", "state"),
    [
        ([(Origin.FINISH, JobState.COMPLETED)], 2, JobState.COMPLETED),
        ([(Origin.FINISH, JobState.FAILED)], 1, JobState.FAILED),
        # It failed after the last output was written.
        ([(Origin.FINISH, JobState.FAILED)], 2, JobState.COMPLETED),
        ([(Origin.FINISH, JobState.IN_PROGRESS)], 1, JobState.IN_PROGRESS),
        ([(Origin.FINISH, JobState.WAITING)], 1, JobState.WAITING),
        ([(Origin.FINISH, JobState.STOPPED)], 1, JobState.STOPPED),
        ([(Origin.RETRY, JobState.COMPLETED)], 2, JobState.COMPLETED),
        # Whoever runs all of it again wants new outputs: that the old ones are there does not help.
        ([(Origin.RETRY, JobState.FAILED)], 2, JobState.FAILED),
        # What was refused or withdrawn changed nothing.
        ([(Origin.RETRY, JobState.COMPLETED), (Origin.RETRY, JobState.REJECTED)], 2, JobState.COMPLETED),
        ([(Origin.FINISH, JobState.COMPLETED), (Origin.RETRY, JobState.FAILED)], 2, JobState.FAILED),
    ],
)
def test_a_job_stands_as_the_last_attempt_that_ran_left_it(
    house: House, steps: list[tuple[Origin, JobState]], written: int, state: JobState
) -> None:
    first = failed(house)
    if written == 2:
        first.planned.update(done=True)
    for origin, end in steps:
        further(first, end, origin=origin)
    assert listed(house.api("vera")) == [(first.name, state, written)]
    assert house.api("vera").get(f"/api/v1/jobs/{first.key}/").json()["state"] == state
    assert listed(house.api("vera"), f"?state={state.lower()}") == [(first.name, state, written)]
    # The first attempt stays what it was.
    assert (first.state, first.objects_done) == (JobState.FAILED, 1)


def test_costs_and_figures_count_the_job_once_and_pay_for_every_attempt(house: House) -> None:
    first = failed(house)
    first.planned.update(done=True)
    further(first, JobState.COMPLETED, instance_seconds=1800, cost_usd=2)
    (row,) = house.api("vera").get("/api/v1/jobs/").json()["results"]
    assert (row["cost"]["amount"], row["cost"]["instance_seconds"], row["cost"]["final"]) == (3, 5400, True)
    total = spending.whole([house.team])
    assert (total.jobs, total.amount, total.instance_seconds) == (1, 3, 5400)
    model_figures = figures.of([house.model])[house.model.pk]
    assert (
        model_figures.jobs,
        model_figures.completed,
        model_figures.failed,
        model_figures.success_rate,
    ) == (1, 1, 0, 1.0)
    assert model_figures.last is not None
    assert model_figures.last.state == JobState.COMPLETED
    assert figures.causes(house.model) == []


def test_a_job_that_is_being_finished_is_active_and_is_stopped_by_its_own_button(house: House) -> None:
    first = failed(house)
    attempt = further(first, JobState.WAITING)
    client = house.api("bob")
    assert listed(client, "?state=active") == [(first.name, "WAITING", 1)]
    assert home_summary.counters(house.team).numbers["waiting"] == 1
    assert client.post(f"/api/v1/jobs/{first.key}/archive/").status_code == 409
    assert client.post(f"/api/v1/jobs/{first.key}/stop/").json()["id"] == first.key
    attempt.refresh_from_db()
    assert attempt.state == JobState.CANCELLED
    # Nothing ran, so the job is what the first attempt left.
    assert listed(client) == [(first.name, "FAILED", 1)]


def test_the_page_of_a_job_finished_in_vain_tells_one_story(house: House) -> None:
    first = failed(house)
    attempt = further(first, JobState.FAILED, reason="ClientError: again", objects_total=1, objects_done=0)
    page = Page(house.page("bob").get(f"/jobs/{first.key}/"))
    assert "Failed. 1 of 2 outputs are written, over 2 attempts." in page.by_id("job").text
    assert "Timeline of 2 attempts" in page.by_id("job").text
    text = Page(house.page("bob").get(f"/jobs/{attempt.key}/")).by_id("job").text
    assert "Failed. This attempt wrote no output." in text
    assert "Output complete" not in text
    assert "No output is written" not in text


@pytest.mark.parametrize(("length", "name"), [(7, "nnnnnnn-2"), (63, "n" * 61 + "-2")])
def test_an_attempt_is_named_after_its_job(house: House, length: int, name: str) -> None:
    first = house.job(JobState.FAILED, name="n" * length)
    second = attempts.retry(first, by=house.people["alice"])
    assert second.name == name
    stopping.stop(second, by=house.people["alice"])
    assert attempts.retry(second, by=house.people["alice"]).name == f"{name[:-1]}3"


def test_a_name_that_another_job_has_is_left_to_it(house: House) -> None:
    house.job(JobState.COMPLETED, name="nightly-2")
    first = house.job(JobState.FAILED, name="nightly")
    second = attempts.retry(first, by=house.people["alice"])
    assert second.name == f"nightly-2-{second.key[:6]}"


def test_a_strangers_job_of_the_attempts_name_is_not_taken_for_it(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    name = unique("nightly")
    first = run(serving, serving_engine, folder, _MIXED, name=name)
    request = {**starting.creation_request(first), "TransformJobName": f"{name}-2", "Tags": []}
    serving_engine.client("sagemaker").create_transform_job(**request)
    put(serving_engine, f"{folder}/in/b", b"2\n")
    second = started(attempts.finish_missing(first, by=serving.people["alice"]))
    assert (second.state, second.name) == (JobState.COMPLETED, f"{name}-2-{second.key[:6]}")


def test_addresses_that_were_used_lately_are_those_of_people(house: House) -> None:
    first = failed(house)
    attempt = further(first, JobState.FAILED)
    house.job(JobState.FAILED, spec=attempt.spec, origin=Origin.CLONE)
    assert queries.recent_inputs(house.team) == [first.data]
