"""Putting jobs away and bringing them back, and one verb for many jobs, through the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import TransformJob
from jobs.services.listing import bulk_actions
from jobs.states import JobState
from teams.models import Activity
from tests.cast import House

pytestmark = pytest.mark.django_db


def names(client: Client, query: str = "") -> set[str]:
    return {row["name"] for row in client.get(f"/api/v1/jobs/{query}").json()["results"]}


def post(client: Client, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(f"/api/v1/jobs/{path}", body or {}, "application/json")


def test_an_archived_job_leaves_the_lists_and_can_be_shown_and_brought_back(house: House) -> None:
    job, api = house.job(JobState.COMPLETED, name="old"), house.api("bob")
    house.job(name="new")
    answer = post(api, f"{job.key}/archive/")
    assert answer.status_code == 200
    assert answer.json()["archived_at"] is not None
    assert names(api) == {"new"}
    assert names(api, "?archived=true") == {"old"}
    assert names(api, "?archived=any") == {"old", "new"}
    entry = api.get(f"/api/v1/jobs/{job.key}/").json()["timeline"][-1]
    assert (entry["kind"], entry["reason"]) == ("note", "Archived by bob.")
    assert post(api, f"{job.key}/restore/").json()["archived_at"] is None
    assert names(api) == {"old", "new"}
    verbs = Activity.objects.order_by("id").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["job.archived", "job.restored"]


def test_only_an_ended_job_is_archived_and_only_an_archived_one_brought_back(house: House) -> None:
    job, api = house.job(JobState.IN_PROGRESS), house.api("bob")
    assert post(api, f"{job.key}/archive/").status_code == 409
    assert "has ended" in post(api, f"{job.key}/archive/").json()["error"]["message"]
    assert post(api, f"{job.key}/restore/").status_code == 409


def test_a_filter_stops_jobs_of_other_people_only_if_it_is_told_to(house: House) -> None:
    alice, bob = house.people["alice"], house.people["bob"]
    theirs = [house.job(JobState.IN_PROGRESS, submitted_by=alice) for _ in range(2)]
    own = house.job(JobState.IN_PROGRESS, submitted_by=bob)
    api, body = house.api("bob"), {"action": "stop", "filter": {}}
    answer = post(api, "many/", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["jobs"]) == (409, "jobs_of_others", 2)
    assert "2 by alice, 1 by you" in error["message"]
    assert not TransformJob.objects.exclude(stop_requested_at=None).exists()
    assert post(api, "many/", {**body, "filter": {"owner": "me"}}).json()["done"] == [own.key]
    assert set(post(api, "many/", {**body, "stop_others": True}).json()["done"]) == {
        job.key for job in theirs
    }


def test_ids_name_the_jobs_and_nothing_is_asked(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS, submitted_by=house.people["alice"])
    assert post(house.api("bob"), "many/", {"action": "stop", "ids": [job.key]}).json()["done"] == [job.key]


def test_each_of_many_jobs_has_its_outcome_told(house: House) -> None:
    going = [house.job(JobState.IN_PROGRESS), house.job(JobState.WAITING)]
    over = house.job(JobState.FAILED)
    answer = post(
        house.api("bob"), "many/", {"action": "stop", "ids": [job.key for job in [*going, over]]}
    ).json()
    assert answer["message"] == "2 jobs are stopped. 1 job had already ended."
    assert answer["done"] == [job.key for job in going]
    assert answer["passed_over"] == [{"id": over.key, "reason": "had already ended"}]
    assert TransformJob.objects.get(pk=going[0].pk).stop_requested_by == house.people["bob"]
    assert TransformJob.objects.get(pk=going[1].pk).state == JobState.CANCELLED


def test_all_that_match_is_what_the_list_would_show(house: House, other_house: House) -> None:
    nightly_jobs = [house.job(JobState.FAILED, name=f"nightly-{n}") for n in range(3)]
    remaining_jobs = [
        house.job(JobState.FAILED, name="weekly"),
        other_house.job(JobState.FAILED, name="nightly-theirs"),
    ]
    body = {"action": "archive", "filter": {"state": "failed", "name": "nightly"}}
    answer = post(house.api("bob"), "many/", body).json()
    assert (answer["message"], answer["more"]) == ("3 jobs are archived.", False)
    assert set(answer["done"]) == {job.key for job in nightly_jobs}
    assert TransformJob.objects.filter(archived_at=None).count() == len(remaining_jobs)


def test_of_too_many_jobs_the_newest_are_done_and_the_rest_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MOST", 2)
    first, *later = [house.job(JobState.COMPLETED) for _ in range(3)]
    api, body = house.api("bob"), {"action": "archive", "filter": {}}
    answer = post(api, "many/", body).json()
    assert (answer["message"], answer["more"]) == ("2 jobs are archived. More of them are left.", True)
    assert set(answer["done"]) == {job.key for job in later}
    assert post(api, "many/", body).json()["done"] == [first.key]


def test_more_jobs_than_one_request_takes_are_not_run_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MOST", 2)
    for _ in range(3):
        house.job(JobState.FAILED)
    answer = post(house.api("bob"), "many/", {"action": "retry", "filter": {}})
    assert answer.status_code == 409
    assert TransformJob.objects.count() == 3


def test_many_jobs_run_again_each_as_its_next_attempt(house: House) -> None:
    failed, going = house.job(JobState.FAILED), house.job(JobState.IN_PROGRESS)
    answer = post(house.api("bob"), "many/", {"action": "retry", "ids": [failed.key, going.key]}).json()
    assert answer["message"] == "1 job runs again. 1 job had not ended."
    second_attempt = TransformJob.objects.get(root=failed)
    assert (second_attempt.attempt, second_attempt.submitted_by) == (2, house.people["bob"])


def test_failed_and_stopped_jobs_are_finished_and_others_are_passed_over(house: House) -> None:
    failed, done = house.job(JobState.FAILED), house.job(JobState.COMPLETED)
    answer = post(house.api("bob"), "many/", {"action": "finish", "filter": {}}).json()
    # Its inputs were never listed: the reason is told, and the completed job is not among those that match.
    assert answer["done"] == []
    (passed,) = answer["passed_over"]
    assert passed["id"] == failed.key
    assert passed["reason"].startswith("was not finished (What is missing cannot be told")
    assert not TransformJob.objects.filter(root__in=[failed, done]).exists()


def test_many_jobs_are_cloned_with_one_change(house: House) -> None:
    jobs = [house.job(JobState.COMPLETED), house.job(JobState.IN_PROGRESS)]
    body = {"action": "clone", "ids": [job.key for job in jobs], "set": {"max_payload": 20}}
    answer = post(house.api("bob"), "many/", body).json()
    assert answer["message"] == "2 jobs are cloned."
    clones = TransformJob.objects.filter(parent__in=jobs)
    assert [clone.spec["max_payload"] for clone in clones] == [20, 20]
    assert all(clone.root is None and clone.submitted_by == house.people["bob"] for clone in clones)
    assert not {clone.name for clone in clones} & {job.name for job in jobs}


def test_a_change_that_the_rules_refuse_is_told_for_each_job(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    body = {"action": "clone", "ids": [job.key], "set": {"max_payload": 2000}}
    answer = post(house.api("bob"), "many/", body).json()
    assert answer["passed_over"][0]["reason"].startswith("was not cloned (max_payload: ")
    assert TransformJob.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "clone", "filter": {}}, "set"),
        ({"action": "clone", "filter": {}, "set": {"name": "same-for-all"}}, "set"),
        ({"action": "clone", "filter": {}, "set": 20}, "set"),
        ({"action": "explode", "ids": ["a"]}, "action"),
        ({"action": "stop"}, "ids"),
        ({"action": "stop", "ids": []}, "ids"),
        ({"action": "stop", "ids": ["nobody"]}, "ids"),
        ({"action": "stop", "ids": "a"}, "ids"),
        ({"action": "stop", "ids": ["a"] * 3, "filter": {}}, "ids"),
        ({"action": "stop", "ids": [str(n) for n in range(501)]}, "ids"),
        ({"action": "stop", "ids": [1]}, "ids"),
        ({"action": "stop", "ids": None}, "ids"),
        ({"action": None, "filter": {}}, "action"),
        ({"action": "retry", "filter": {}, "replace_outputs": "true"}, "replace_outputs"),
        ({"action": "stop", "filter": {"model": 5}}, "model"),
        ({"action": "stop", "filter": None}, "filter"),
        ({"action": "stop", "filter": {"colour": "red"}}, "colour"),
        ({"action": "stop", "filter": {"state": "asleep"}}, "state"),
        ({"action": "stop", "filter": {"archived": "maybe"}}, "archived"),
        ({"action": "stop", "filter": []}, "filter"),
        ({"action": "stop", "filter": {}, "force": True}, "force"),
    ],
)
def test_a_wrong_request_for_many_names_the_field_and_does_nothing(
    house: House, body: dict[str, Any], field: str
) -> None:
    job = house.job(JobState.IN_PROGRESS)
    answer = post(house.api("bob"), "many/", body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    job.refresh_from_db()
    assert job.stop_requested_at is None


def test_another_teams_job_is_not_among_many(house: House, other_house: House) -> None:
    job = house.job(JobState.IN_PROGRESS)
    answer = post(other_house.api("charlie"), "many/", {"action": "stop", "ids": [job.key]})
    assert answer.status_code == 400
    assert post(other_house.api("charlie"), "many/", {"action": "stop", "filter": {}}).json()["done"] == []
