"""Output checks that hold a job: until whom, what waits for it, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from deployments.lifecycle.steps import StepWaits
from deployments.lifecycle.transforming import follow as follow_step
from deployments.models import Deployment, DeploymentRun, RunStep, Stage, StepKind, StepState
from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import Hold, JobState
from notifications.kinds import chooses
from results import holding, measuring, tasks
from results.models import OutputCheck, OutputReading
from results.reading.figures import ColumnFigures
from schedules.lifecycle.preset_runs import PresetRuns
from schedules.models import ScheduledRun
from schedules.states import RunState
from teams.announcing import Announcement, announced
from teams.models import Activity
from tests.cast import House
from tests.jobs.running import folder, serving, serving_engine
from tests.results.test_checks import add, scored
from tests.results.test_measuring import finished
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def held_check(job: TransformJob, house: House) -> OutputCheck:
    return add(job, house, measure="range", low="0", high="1", on_miss="hold")


def completed(house: House, **fields: Any) -> TransformJob:
    return house.job(JobState.COMPLETED, ended_at=timezone.now(), **fields)


def read(job: TransformJob, *answers: float) -> TransformJob:
    """The job, after a worker has read these answers and held them against the checks."""
    column = ColumnFigures("score")
    for answer in answers:
        column.add(str(answer))
    reading = OutputReading.objects.create(
        job=job, job_ended_at=job.ended_at, rows=len(answers), columns=[column.as_json()]
    )
    measuring._finish(reading, "")
    job.refresh_from_db()
    return job


def held(house: House, **fields: Any) -> TransformJob:
    job = completed(house, **fields)
    if not OutputCheck.objects.exists():
        held_check(job, house)
    return read(job, 0.5, 7)


def test_a_miss_on_the_engine_holds_the_job_and_tells_it(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = scored(serving, serving_engine, folder, "one", ["0.1"])
    held_check(first, serving)
    job = scored(serving, serving_engine, folder, "two", ["0.1", "7"])
    assert holding.use_of(job).use == holding.Use.UNCHECKED
    announcements: list[Announcement] = []

    def hear(announcement: Announcement, **_: Any) -> None:
        announcements.append(announcement)

    announced.connect(hear)
    try:
        tasks.read_due_outputs()
        finished(OutputReading.objects.get(job=job, filter=""))
        finished(OutputReading.objects.get(job=first, filter=""))
    finally:
        announced.disconnect(hear)
    job.refresh_from_db()
    first.refresh_from_db()
    assert (job.hold, first.hold, job.state) == (Hold.HELD, None, JobState.COMPLETED)
    (announcement,) = announcements
    assert announcement.kind == "outputs.held"
    assert "is held: 1 of 1 output checks missed" in announcement.title
    assert chooses(["outputs.missed"], "outputs.held")
    page = serving.page("alice").get(f"/jobs/{job.key}/results/").content.decode()
    assert "Its outputs are held" in page
    assert "The last 2 runs, 1 of which missed it" in page


def test_a_person_accepts_or_refuses_once_with_a_note(house: House) -> None:
    job = held(house)
    here = f"/jobs/{job.key}/results/decide/"
    client = house.page("bob")
    client.post(here, {"decision": "accept", "note": " "})
    client.post(here, {"decision": "perhaps", "note": "x"})
    job.refresh_from_db()
    assert job.hold == Hold.HELD
    client.post(here, {"decision": "accept", "note": "Black Friday."})
    client.post(here, {"decision": "refuse", "note": "A second click."})
    job.refresh_from_db()
    assert (job.hold, job.hold_note, job.hold_by) == (Hold.ACCEPTED, "Black Friday.", house.people["bob"])
    acts = Activity.objects.filter(verb__in=["job.accepted", "job.refused"])
    assert [(act.verb, act.detail["note"]) for act in acts] == [("job.accepted", "Black Friday.")]
    with pytest.raises(NotPossible, match=r"accepted already, by bob: Black Friday\."):
        holding.decide(job, accept=False, note="No.", by=house.people["alice"])
    with pytest.raises(InvalidFields):
        holding.decide(job, accept=True, note="", by=house.people["alice"])


def test_lists_find_held_jobs_and_show_the_word(house: House) -> None:
    job, further_job = held(house), completed(house)
    page = house.page("vera").get("/jobs/?hold=held").content.decode()
    assert job.name in page
    assert further_job.name not in page
    assert "Held" in page
    (row,) = house.api("vera").get("/api/v1/jobs/?hold=held").json()["results"]
    assert (row["id"], row["hold"], row["state"]) == (job.key, "held", "COMPLETED")


def test_a_run_of_a_deployment_waits_while_its_job_is_held(house: House) -> None:
    job = held(house)
    deployment = Deployment.objects.create(
        team=house.team, slug="churn", name="Churn", connection=house.connection, package_group="churn"
    )
    stage = Stage.objects.create(
        team=house.team, deployment=deployment, slug="s", position=0, name="S", connection=house.connection
    )
    run = DeploymentRun.objects.create(team=house.team, stage=stage, due_at=timezone.now(), job=job)
    step = RunStep.objects.create(run=run, position=0, kind=StepKind.TRANSFORM, state=StepState.RUNNING)
    with pytest.raises(StepWaits, match="are held by an output check"):
        follow_step(run, step)
    holding.decide(job, accept=False, note="Wrong prices.", by=house.people["bob"])
    end = follow_step(run, step)
    assert end is not None
    assert (end.state, end.reason) == (StepState.FAILED, "The outputs were refused by bob: Wrong prices.")
    accepted = held(house)
    holding.decide(accepted, accept=True, note="Right.", by=house.people["bob"])
    DeploymentRun.objects.filter(pk=run.pk).update(job=accepted)
    run.refresh_from_db()
    end = follow_step(run, step)
    assert end is not None
    assert end.state == StepState.COMPLETED


def test_a_schedule_takes_a_held_job_for_one_that_has_not_ended(house: House) -> None:
    job = held(house)
    schedule = house.schedule
    ScheduledRun.objects.create(schedule=schedule, due_at=timezone.now(), state=RunState.STARTED, job=job)
    handler = PresetRuns()
    assert handler.running(schedule) == f"{job.name}, whose outputs are held or being checked,"
    holding.decide(job, accept=True, note="Right.", by=house.people["bob"])
    assert handler.running(schedule) == ""


def test_a_decision_stands_until_the_job_ends_again(house: House) -> None:
    job = held(house)
    holding.decide(job, accept=True, note="Right.", by=house.people["bob"])
    OutputReading.objects.all().delete()
    assert read(job, 9).hold == Hold.ACCEPTED
    OutputReading.objects.all().delete()
    TransformJob.objects.filter(pk=job.pk).update(ended_at=timezone.now())
    job.refresh_from_db()
    assert holding.use_of(job).use == holding.Use.UNCHECKED
    assert read(job, 9).hold == Hold.HELD
    OutputReading.objects.all().delete()
    TransformJob.objects.filter(pk=job.pk).update(ended_at=timezone.now())
    job.refresh_from_db()
    assert read(job, 0.5).hold is None


def test_a_job_that_completed_at_its_second_attempt_is_checked(house: House) -> None:
    job = house.job(JobState.FAILED, ended_at=timezone.now())
    held_check(job, house)
    further = completed(house, root=job, attempt=2)
    tasks.read_due_outputs()
    job.refresh_from_db()
    assert (further.root, job.hold) == (job, Hold.HELD)


def test_the_api_makes_changes_and_removes_checks(house: House) -> None:
    api = house.api("bob")
    body = {"connection": "engine", "model": "churn", "measure": "range", "low": 0, "on_miss": "hold"}
    created = api.post("/api/v1/output-checks/", body, content_type="application/json")
    assert (created.status_code, created.json()["text"]) == (201, "The first column is at least 0")
    here = f"/api/v1/output-checks/{created.json()['id']}/"
    changed = api.patch(here, {"high": 1}, content_type="application/json").json()
    assert (changed["low"], changed["high"], changed["on_miss"]) == (0, 1, "hold")
    assert Activity.objects.get(verb="check.changed").changes["high"] == {"from": None, "to": 1}
    of_preset = {"preset": house.preset.slug, "measure": "rows", "low": 1}
    assert api.post("/api/v1/output-checks/", of_preset, content_type="application/json").status_code == 201
    listed = api.get("/api/v1/output-checks/", {"preset": house.preset.slug}).json()["results"]
    assert [row["measure"] for row in listed] == ["rows"]
    job = read(completed(house), 5)
    answer = api.get(f"/api/v1/jobs/{job.key}/checks/").json()
    assert (answer["hold"], answer["pending"]) == ("held", False)
    assert [(row["is_met"], row["low"], row["high"]) for row in answer["outcomes"]] == [(False, 5, 5)]
    assert [run["job"] for run in answer["checks"][0]["last_runs"]] == [job.key]
    decision = {"decision": "refuse", "note": "Too much."}
    for _ in range(2):
        decided = api.post(
            f"/api/v1/jobs/{job.key}/decide/",
            decision,
            content_type="application/json",
            headers={"idempotency-key": "once"},
        )
        assert (decided.status_code, decided.json()["hold"], decided.json()["hold_by"]) == (
            200,
            "refused",
            "bob",
        )
    again = api.post(f"/api/v1/jobs/{job.key}/decide/", decision, content_type="application/json")
    assert again.status_code == 409
    assert api.delete(here).status_code == 204
    assert api.get(here).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"measure": "range", "low": 1}, "model"),
        ({"connection": "engine", "model": "churn", "measure": "range", "low": "1"}, "low"),
        ({"connection": "engine", "model": "churn", "measure": "range"}, "low"),
        ({"connection": "engine", "model": "churn", "measure": "nulls", "high": 1, "runs": "5"}, "runs"),
        ({"preset": "nothing", "measure": "rows", "low": 1}, "preset"),
        (
            {"connection": "engine", "model": "churn", "measure": "rows", "low": 1, "on_miss": "stop"},
            "on_miss",
        ),
    ],
)
def test_a_wrong_check_is_refused_by_its_field(house: House, body: dict[str, Any], field: str) -> None:
    refused = house.api("bob").post("/api/v1/output-checks/", body, content_type="application/json")
    assert refused.status_code == 400
    assert list(refused.json()["error"]["fields"]) == [field]
    assert not OutputCheck.objects.exists()
