"""Who did what with a job, and what of its request is another than that of the job it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.models import TransformJob
from jobs.options import RunOptions
from jobs.services.attempts import archiving, attempts, changes, stopping
from jobs.services.listing import history
from jobs.services.submitting import submission
from jobs.services.submitting.submission import Lineage
from jobs.states import JobState, Origin
from teams.models import Activity, ApiToken
from tests.cast import FIELDS, House
from tests.support.html import Page
from transform.spec import TransformSpec

pytestmark = pytest.mark.django_db
SPEC = TransformSpec.from_fields({"model_name": "churn", **FIELDS, "env": {"LEVEL": "1", "OLD": "x"}})


def submitted(house: House, name: str = "alice") -> TransformJob:
    return submission.submit(house.connection, SPEC, by=house.people[name])


def cloned(house: House, parent: TransformJob, spec: TransformSpec, terms: RunOptions) -> TransformJob:
    lineage = Lineage(parent, Origin.CLONE)
    return submission.submit(house.connection, spec, terms, by=house.people["bob"], lineage=lineage)


def acts_of(job: TransformJob) -> list[tuple[str, str, str]]:
    return [(act.who, act.text, act.job.name if act.job else "") for act in history.acts(job)]


def test_the_acts_upon_a_job_are_told_newest_first_with_what_came_of_them(house: House) -> None:
    job = submitted(house)
    stopping.stop(job, by=house.people["bob"])
    archiving.archive(job, by=house.people["alice"])
    archiving.restore(job, by=house.people["bob"])
    again = attempts.retry(job, by=house.people["alice"])
    clone = cloned(house, job, SPEC, RunOptions())
    assert acts_of(job) == [
        ("bob", "cloned it as", clone.name),
        ("alice", "started attempt 2, for all of it again:", again.name),
        ("bob", "brought it back to lists", ""),
        ("alice", "put it away from lists", ""),
        ("bob", "withdrew it before it started", ""),
        ("alice", "submitted it", ""),
    ]
    assert acts_of(clone) == [("bob", "submitted it: cloned, of", job.name)]
    page = Page(house.page("vera").get(f"/jobs/{job.key}/activity/"))
    assert f"cloned it as {clone.name}" in page.by_id("job").text
    assert f"/jobs/{clone.key}/" in page.links()


def test_an_act_by_a_token_names_it_and_one_of_a_person_who_left_says_so(house: House) -> None:
    answer = house.api("bob").post(f"/api/v1/jobs/{submitted(house).key}/stop/")
    job = TransformJob.objects.get(key=answer.json()["id"])
    ApiToken.objects.update(name="nightly")
    house.people["alice"].delete()
    assert [(act.who, act.token) for act in history.acts(job)] == [
        ("bob", "nightly"),
        ("someone who left", ""),
    ]
    text = Page(house.page("vera").get(f"/jobs/{job.key}/activity/")).by_id("job").text
    assert "bob by the token nightly" in text
    assert "someone who left" in text


def test_the_acts_of_another_teams_job_are_not_told(house: House, other_house: House) -> None:
    job = house.job()
    Activity.objects.create(
        team=other_house.team,
        verb="job.submitted",
        object_kind="transformjob",
        object_id=job.key,
        object_label="x",
    )
    assert history.acts(job) == ()
    assert (
        "No actions of people are recorded"
        in Page(house.page("vera").get(f"/jobs/{job.key}/activity/")).by_id("job").text
    )


def test_the_request_tells_which_fields_are_others_than_those_it_was_cloned_from(house: House) -> None:
    parent = submitted(house)
    spec = replace(SPEC, max_payload=10, strategy="SingleRecord", env={"LEVEL": "2", "NEW": "y"})
    job = cloned(house, parent, spec, RunOptions(priority=3))
    values_by_field = {change.field: (change.was, change.now) for change in changes.since_parent(job)}
    assert values_by_field == {
        "max_payload": (None, 10),
        "strategy": (None, "SingleRecord"),
        "env.LEVEL": ("1", "2"),
        "env.NEW": (None, "y"),
        "env.OLD": ("x", None),
        "priority": (None, 3),
    }
    page = Page(house.page("vera").get(f"/jobs/{job.key}/request/"))
    (table,) = page.all("table")
    rows = [row.text for row in Page.all_below(table, "tr")]
    assert "Largest call in MB max_payload not set 10" in rows
    assert "env.OLD x not set" in rows
    answer = house.api("vera").get(f"/api/v1/jobs/{job.key}/").json()
    assert {"field": "env.LEVEL", "was": "1", "now": "2"} in answer["changes"]


def test_a_job_that_is_run_again_has_no_changes_and_a_first_one_no_table(house: House) -> None:
    parent = house.job(JobState.FAILED)
    again = attempts.retry(parent, by=house.people["bob"])
    again.parent = parent
    assert changes.since_parent(again) == changes.since_parent(parent) == ()
    client = house.page("vera")
    assert "the requests differ only in the job" in client.get(f"/jobs/{again.key}/request/").content.decode()
    assert not Page(client.get(f"/jobs/{parent.key}/request/")).all("table")


def test_the_api_tells_the_acts(house: House) -> None:
    job = submitted(house)
    clone = cloned(house, job, SPEC, RunOptions())
    answer = house.api("vera").get(f"/api/v1/jobs/{job.key}/activity/").json()
    assert [(act["who"], act["verb"], act["said"], act["job"]) for act in answer["results"]] == [
        ("bob", "job.submitted", "cloned it as", clone.key),
        ("alice", "job.submitted", "submitted it", None),
    ]
