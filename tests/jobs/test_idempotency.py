"""A request that is sent again with its Idempotency-Key: one job, one answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import TransformJob
from jobs.services.submitting import replacing
from jobs.states import JobState
from teams import once
from teams.models import KeyedRequest
from tests.cast import FIELDS, House
from tests.support.workers import run, run_at_once, surroundings

pytestmark = pytest.mark.django_db
BODY = {**FIELDS, "connection": "engine", "model": "churn"}


def submit(client: Client, key: str, **fields: Any) -> Any:
    return post(client, "", key, {**BODY, **fields})


def post(client: Client, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(
        f"/api/v1/jobs/{path}", body or {}, "application/json", headers={"Idempotency-Key": key}
    )


def test_a_submission_sent_again_with_its_key_is_answered_with_the_same_job(house: House) -> None:
    api = house.api("bob")
    first, second = submit(api, "k-1"), submit(api, "k-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second["Location"] == first["Location"]
    assert (first.headers.get("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (None, "true")
    assert TransformJob.objects.count() == 1


def test_another_key_or_none_is_another_request(house: House) -> None:
    api = house.api("bob")
    submit(api, "k-1")
    submit(api, "k-2")
    for _ in range(2):
        api.post("/api/v1/jobs/", BODY, "application/json")
    assert TransformJob.objects.count() == 4


def test_a_key_sent_with_another_body_is_refused_by_a_sentence(house: House) -> None:
    api = house.api("bob")
    submit(api, "k-1")
    answer = submit(api, "k-1", instance_count=2)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_reused")
    assert "another request" in answer.json()["error"]["message"]
    assert TransformJob.objects.count() == 1


def test_the_order_of_a_bodys_members_makes_no_other_request(house: House) -> None:
    api = house.api("bob")
    first = submit(api, "k-1")
    turned = dict(reversed(list(BODY.items())))
    assert post(api, "", "k-1", turned).json()["id"] == first.json()["id"]


def test_a_refused_request_may_be_mended_and_sent_with_the_same_key(house: House) -> None:
    api = house.api("bob")
    assert submit(api, "k-1", split_type="Sideways").status_code == 400
    assert submit(api, "k-1").status_code == 201


def test_a_key_is_its_persons_and_its_teams_alone(house: House, other_house: House) -> None:
    ids = {submit(client, "k-1").json()["id"] for client in (house.api("bob"), house.api("alice"))}
    ids.add(submit(other_house.api("charlie"), "k-1").json()["id"])
    assert len(ids) == 3


@pytest.mark.parametrize("key", ["", "a" * 256, "na\u00efve"])
def test_a_key_that_cannot_be_stored_is_refused_by_name(house: House, key: str) -> None:
    answer = submit(house.api("bob"), key)
    assert answer.status_code == 400
    assert "Idempotency-Key must be" in answer.json()["error"]["message"]
    assert TransformJob.objects.count() == 0


@pytest.mark.parametrize("verb", ["retry", "stop", "archive"])
def test_each_verb_of_a_job_answers_alike_when_it_is_sent_again(house: House, verb: str) -> None:
    job = house.job(JobState.WAITING if verb == "stop" else JobState.FAILED)
    api = house.api("bob")
    first, second = (post(api, f"{job.key}/{verb}/", "k-1") for _ in range(2))
    assert first.status_code in (200, 201, 202)
    assert (second.status_code, second.json()) == (first.status_code, first.json())


def test_many_jobs_run_again_once(house: House) -> None:
    jobs, api = [house.job(JobState.FAILED) for _ in range(2)], house.api("bob")
    body = {"action": "retry", "ids": [job.key for job in jobs]}
    first, second = (post(api, "many/", "k-1", body).json() for _ in range(2))
    assert second == first
    assert TransformJob.objects.count() == 4


def test_a_key_can_be_used_anew_after_a_day(house: House) -> None:
    api = house.api("bob")
    first = submit(api, "k-1").json()["id"]
    KeyedRequest.objects.update(started_at=timezone.now() - once.STORED_FOR - timedelta(minutes=1))
    assert submit(api, "k-1").json()["id"] != first
    KeyedRequest.objects.update(started_at=timezone.now() - once.STORED_FOR - timedelta(minutes=1))
    assert once.forget() == 1
    assert not KeyedRequest.objects.exists()


def test_a_request_whose_process_ended_before_its_act_is_done_by_the_next_one(house: House) -> None:
    api = house.api("bob")
    ended = timezone.now() - once.LEASE - timedelta(seconds=1)
    submit(api, "k-1")
    TransformJob.objects.all().delete()
    KeyedRequest.objects.update(activity=None, ended_at=None, answer=None, started_at=ended)
    assert submit(api, "k-1").status_code == 201
    assert TransformJob.objects.count() == 1


def test_a_request_whose_process_ended_after_its_act_is_not_done_again_and_names_its_job(
    house: House,
) -> None:
    api = house.api("bob")
    first = submit(api, "k-1").json()
    ended = timezone.now() - once.LEASE - timedelta(seconds=1)
    KeyedRequest.objects.update(ended_at=None, answer=None, started_at=ended)
    answer = submit(api, "k-1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cut_off")
    assert answer.json()["error"]["job"] == first["id"]
    assert TransformJob.objects.count() == 1


def test_a_taken_names_answer_has_the_jobs_id_as_a_field(house: House) -> None:
    api = house.api("bob")
    first = api.post("/api/v1/jobs/", {**BODY, "name": "nightly"}, "application/json").json()
    error = api.post("/api/v1/jobs/", {**BODY, "name": "nightly"}, "application/json").json()["error"]
    assert (error["code"], error["job"]) == ("name_taken", first["id"])


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> list[Any]:
    """What `act` returns, which happens once, just before the transaction that writes the next submission's job."""
    answers: list[Any] = []
    check = replacing.check

    def check_late(*args: Any) -> Any:
        monkeypatch.setattr(replacing, "check", check)
        check(*args)
        answers.append(act())

    monkeypatch.setattr(replacing, "check", check_late)
    return answers


def test_while_the_first_is_in_progress_the_second_is_told_when_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.api.views.keyed.PATIENCE", 0.0)
    api = house.api("bob")
    early = meanwhile(monkeypatch, lambda: submit(api, "k-1"))
    first = submit(api, "k-1")
    assert (early[0].status_code, early[0].json()["error"]["code"]) == (409, "in_progress")
    assert int(early[0]["Retry-After"]) >= 1
    assert submit(api, "k-1").json() == first.json()
    assert TransformJob.objects.count() == 1


def test_a_process_that_was_overtaken_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    api = house.api("bob")

    def overtake() -> Any:
        # The first one is so slow that the next one takes it for ended.
        KeyedRequest.objects.update(started_at=timezone.now() - once.LEASE - timedelta(seconds=1))
        return submit(api, "k-1")

    later = meanwhile(monkeypatch, overtake)
    slow = submit(api, "k-1")
    assert (later[0].status_code, later[0].json()["id"]) == (201, TransformJob.objects.get().key)
    assert (slow.status_code, slow.json()["error"]["code"]) == (409, "in_progress")
    assert submit(api, "k-1").json() == later[0].json()


SEED = """
from django.core.management import call_command
from tests.cast import make_house
call_command("migrate", verbosity=0)
make_house("first", {"bob": "operator"})
"""
PREPARE = """
import sys
from django.test import Client
from teams import tokens
from teams.models import Team, User
from tests.cast import FIELDS
secret = tokens.create(team=Team.objects.get(), user=User.objects.get())[1]
api = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_IDEMPOTENCY_KEY="k-1")
body = {**FIELDS, "connection": "engine", "model": "churn"}
"""
ACT = """
answer = api.post("/api/v1/jobs/", body, "application/json")
print(answer.status_code, answer.json()["id"])
"""
COUNT = """
from jobs.models import TransformJob
print(*TransformJob.objects.values_list("key", flat=True))
"""


@pytest.mark.django_db(transaction=True)
def test_of_processes_that_send_one_request_at_once_one_makes_the_job_and_all_have_its_answer(
    tmp_path: Path,
) -> None:
    env = surroundings(tmp_path, REDIS_URL="redis://127.0.0.1:9/0")
    run(SEED, env)
    printed = run_at_once(PREPARE, ACT, env, count=3)
    (key,) = run(COUNT, env).split()
    assert {line.splitlines()[-1] for line in printed} == {f"201 {key}"}
