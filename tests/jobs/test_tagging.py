"""Changing the tags of jobs that are there, on the real engine: here, in SageMaker, in lists and in sums."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.lifecycle.queue import starting
from jobs.models import DaySum, Dimension, TransformJob
from jobs.models.job_values import JOB_TAG, MAX_TAGS
from jobs.services.attempts import attempts, tagging
from jobs.services.attempts.tagging import TagChanges
from jobs.services.errors import NotPossible, Unavailable
from jobs.services.submitting.replacing import Outputs
from jobs.states import JobState
from teams.models import Activity
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine, started, submitted
from tests.support.engine import EngineProcess

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def tag(house: House, job: TransformJob, *removed: str, **values: str) -> TransformJob:
    return tagging.change_tags(job, changes=TagChanges(values, removed), by=house.people["alice"])


def retry(house: House, job: TransformJob) -> TransformJob:
    return attempts.retry(job, by=house.people["alice"], outputs=Outputs.REPLACE)


def remote_tags(engine: EngineProcess, job: TransformJob) -> dict[str, str]:
    rows = engine.client("sagemaker").list_tags(ResourceArn=job.arn)["Tags"]
    return {row["Key"]: row["Value"] for row in rows if not row["Key"].startswith("batchdeck:")}


def names(api: Client, query: str) -> set[str]:
    return {row["name"] for row in api.get(f"/api/v1/jobs/?{query}").json()["results"]}


def sums(house: House) -> dict[str, int]:
    rows = DaySum.objects.filter(team=house.team, dimension=Dimension.TAG)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.value] = counts.get(row.value, 0) + row.attempts
    return {value: count for value, count in counts.items() if count}


def many(api: Client, **body: Any) -> Any:
    return api.post("/api/v1/jobs/many/", {"action": "tag", **body}, "application/json")


def test_changed_tags_are_those_of_sagemaker_of_lists_and_of_sums(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n"}, tags={"team": "crm", "old": "x", "kept": "y"})
    assert sums(serving) == {"team=crm": 1, "old=x": 1, "kept=y": 1}
    tag(serving, job, "old", "absent", team="growth", new="")
    expected = {"team": "growth", "kept": "y", "new": ""}
    assert job.spec["tags"] == expected
    assert remote_tags(serving_engine, job) == expected
    assert sums(serving) == {"team=growth": 1, "kept=y": 1, "new=": 1}
    api = serving.api("alice")
    assert (names(api, "tag=team=growth"), names(api, "tag=team=crm"), names(api, "tag=old")) == (
        {job.name},
        set(),
        set(),
    )
    assert names(api, f"text={folder}") == {job.name}
    act = Activity.objects.get(verb="job.tagged")
    assert act.changes["tags.team"] == {"from": "crm", "to": "growth"}
    assert act.changes["tags.old"] == {"from": "x", "to": None}
    last = api.get(f"/api/v1/jobs/{job.key}/").json()["timeline"][-1]
    assert last["reason"] == "Tags changed by alice: set team=growth, new; removed old, absent."


def test_our_own_mark_stays_in_sagemaker(serving: House, serving_engine: EngineProcess, folder: str) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n"}, tags={"team": "crm"})
    tag(serving, job, "team")
    rows = serving_engine.client("sagemaker").list_tags(ResourceArn=job.arn)["Tags"]
    assert {"Key": JOB_TAG, "Value": job.key} in rows
    assert remote_tags(serving_engine, job) == {}


def test_all_attempts_get_the_tags_and_so_does_the_next_one(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    first = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"bad\n"}, tags={"team": "crm"})
    assert first.state == JobState.FAILED
    second = started(retry(serving, first))
    first.refresh_from_db()
    tag(serving, first, team="growth")
    second.refresh_from_db()
    assert remote_tags(serving_engine, first) == remote_tags(serving_engine, second) == {"team": "growth"}
    assert second.spec["tags"] == {"team": "growth"}
    # The search finds the job by the name of its second attempt as before.
    assert names(serving.api("alice"), f"text={second.name}") == {first.name}
    third = retry(serving, first)
    assert third.spec["tags"] == {"team": "growth"}


def test_a_waiting_job_is_created_with_its_changed_tags(
    serving: House, serving_engine: EngineProcess, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(serving, serving_engine, folder, {"a": b"1\n"}, tags={"team": "crm"}, name=None)
    TransformJob.objects.filter(pk=job.pk).update(
        state=JobState.WAITING, arn="", name=f"{job.name[:50]}-again"
    )
    claim = starting.claim

    def claim_late(row: TransformJob) -> Any:
        # The worker has read the row; only then are the tags changed.
        tag(serving, TransformJob.objects.get(pk=row.pk), team="growth")
        return claim(row)

    monkeypatch.setattr(starting, "claim", claim_late)
    assert starting.start(job.pk) is starting.Started.RUNNING
    job.refresh_from_db()
    assert remote_tags(serving_engine, job) == {"team": "growth"}


def test_a_job_that_is_being_submitted_is_left_as_it_is(house: House) -> None:
    job = house.job(JobState.SUBMITTING)
    with pytest.raises(NotPossible, match="being submitted at that moment"):
        tag(house, job, team="growth")
    job.refresh_from_db()
    assert not job.spec.get("tags")


def test_where_sagemaker_does_not_answer_nothing_changes_here(house: House) -> None:
    job = house.job(JobState.COMPLETED, arn="arn:aws:sagemaker:us-east-1:111111111111:transform-job/x")
    with pytest.raises(Unavailable):
        tag(house, job, team="growth")
    job.refresh_from_db()
    assert not job.spec.get("tags")
    assert not Activity.objects.filter(verb="job.tagged").exists()


def test_many_jobs_are_tagged_and_each_that_is_not_says_why(house: House) -> None:
    ended, tagged = house.job(JobState.CANCELLED), house.job(JobState.CANCELLED)
    tag(house, tagged, team="growth")
    full = house.job(JobState.CANCELLED)
    tag(house, full, **{f"k{number}": "v" for number in range(MAX_TAGS)})
    answer = many(house.api("bob"), ids=[ended.key, tagged.key, full.key], set_tags={"team": "growth"}).json()
    assert answer["done"] == [ended.key]
    assert {row["id"]: row["reason"] for row in answer["passed_over"]} == {
        tagged.key: "was not tagged (Its tags are so already)",
        full.key: f"was not tagged (It would have more than {MAX_TAGS} tags)",
    }
    assert answer["message"].startswith("1 job has the tags. 1 job was not tagged")


@pytest.mark.parametrize(
    ("fields", "name", "text"),
    [
        ({}, "set_tags", "Name at least one tag"),
        ({"set_tags": {"aws:x": "y"}}, "set_tags", "AWS's own"),
        ({"set_tags": {"a": 5}}, "set_tags", "text"),
        ({"set_tags": {"a": "two\nlines"}}, "set_tags", "letters, digits, spaces"),
        ({"set_tags": {"a": "x" * 257}}, "set_tags", "256"),
        ({"set_tags": {"": "x"}}, "set_tags", "1 to 128"),
        ({"set_tags": {JOB_TAG: "x"}}, "set_tags", "Batchdeck's own"),
        ({"remove_tags": [JOB_TAG]}, "remove_tags", "Batchdeck's own"),
        ({"remove_tags": "team"}, "remove_tags", "list"),
        ({"remove_tags": ["a"], "set_tags": {"a": "b"}}, "remove_tags", "to be set and to be removed"),
        ({"set_tags": ["team"]}, "set_tags", "object"),
    ],
)
def test_wrong_tags_are_refused_by_field(house: House, fields: dict[str, Any], name: str, text: str) -> None:
    job = house.job(JobState.CANCELLED)
    answer = many(house.api("bob"), ids=[job.key], **fields)
    assert answer.status_code == 400, answer.content
    assert text in " ".join(answer.json()["error"]["fields"][name])


def test_the_page_asks_for_the_tags_and_names_the_jobs(house: House) -> None:
    jobs = [house.job(JobState.CANCELLED) for _ in range(2)]
    browser = house.page("bob")
    form = {"action": "tag", "job": [job.key for job in jobs], "query": "owner=bob"}
    question = browser.post("/jobs/many/", form)
    page = question.content.decode()
    assert "Change the tags of 2 jobs, submitted by alice?" in page
    assert all(job.name in page for job in jobs)
    sent = {**form, "sure": "1", "set_tags": "team=growth\ncost centre=7", "remove_tags": "old, older"}
    answer = browser.post("/jobs/many/", sent, follow=True)
    assert "2 jobs have the tags." in answer.content.decode()
    for job in jobs:
        job.refresh_from_db()
        assert job.spec["tags"] == {"team": "growth", "cost centre": "7"}
    answer = browser.post("/jobs/many/", {**sent, "set_tags": "no equals sign"}, follow=True)
    assert "Line 1 must be KEY=VALUE" in answer.content.decode()
