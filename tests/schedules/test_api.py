"""Schedules in the REST API: made, changed, paused, run and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from schedules.lifecycle import starting
from schedules.models import Schedule, ScheduledRun
from schedules.states import RunState
from tests.cast import House
from tests.schedules.conftest import OUTPUT, whole_preset

pytestmark = pytest.mark.django_db
JSON = "application/json"
ADDRESS = "/api/v1/schedules/"
Make = Callable[..., Schedule]
BODY: dict[str, Any] = {
    "name": "Mornings",
    "preset": "nightly",
    "expression": "cron(0 6 * * ? *)",
    "timezone": "Europe/Berlin",
    "output_path": OUTPUT,
}


def test_a_schedule_is_made_and_read(house: House) -> None:
    whole_preset(house)
    api = house.api("bob")
    answer = api.post(ADDRESS, BODY, JSON)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["slug"], body["runs_for"], body["paused"]) == ("mornings", "bob", False)
    assert (body["overlap"], body["catch_up"], body["start_at"]) == ("skip", "latest", None)
    assert body == api.get(f"{ADDRESS}mornings/").json()
    assert api.get(ADDRESS).json()["results"] == [body]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"expression": "hourly"}, "expression"),
        ({"expression": None}, "expression"),
        ({"expression": 5}, "expression"),
        ({"expression": "rate(1 hour" + " " * 300 + ")"}, "expression"),
        ({"expression": "rate(0 days)"}, "expression"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"preset": "theirs"}, "preset"),
        ({"preset": ["nightly"]}, "preset"),
        ({"name": "x" * 81}, "name"),
        ({"overlap": "never"}, "overlap"),
        ({"catch_up": True}, "catch_up"),
        ({"incremental": "yes"}, "incremental"),
        ({"start_at": "2026-13-01T00:00:00Z"}, "start_at"),
        ({"start_at": "2026-12-01T00:00:00"}, "start_at"),
        ({"start_at": 17}, "start_at"),
        ({"start_at": "0001-01-01T00:00:00Z"}, "start_at"),
        ({"end_at": "2020-01-01T00:00:00Z"}, "expression"),
        ({"data": "s3://bucket/{today}/"}, "data"),
        ({"data": "s3://bucket/{date"}, "data"),
        ({"data": "s3://bucket/" + "x" * 2000}, "data"),
        ({"output_path": "s3://bucket/out/"}, "output_path"),
        ({"output_path": "https://example.com/{run}"}, "output_path"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_saved(
    house: House, changes: dict[str, Any], field: str
) -> None:
    whole_preset(house)
    answer = house.api("bob").post(ADDRESS, {**BODY, **changes}, JSON)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]
    assert not Schedule.objects.exists()


def test_a_preset_that_cannot_run_is_refused_with_its_field(house: House) -> None:
    preset = whole_preset(house)
    preset.body = {name: value for name, value in preset.body.items() if name != "instance_type"}
    preset.save()
    answer = house.api("bob").post(ADDRESS, BODY, JSON)
    assert "instance_type" in answer.json()["error"]["fields"]["preset"][0]


def test_a_path_that_the_preset_locks_is_refused_for_an_operator(house: House) -> None:
    preset = whole_preset(house)
    preset.rules = {"output_path": "locked"}
    preset.save()
    answer = house.api("bob").post(ADDRESS, BODY, JSON)
    assert "locked by the preset" in answer.json()["error"]["fields"]["output_path"][0]
    assert house.api("alice").post(ADDRESS, BODY, JSON).status_code == 201


def test_a_repeated_request_makes_one_schedule(house: House) -> None:
    whole_preset(house)
    api = house.api("bob")
    first, second = (api.post(ADDRESS, BODY, JSON, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Schedule.objects.count() == 1


def test_a_change_of_the_times_moves_the_next_run_and_one_of_the_name_does_not(
    make_schedule: Make, house: House
) -> None:
    schedule = make_schedule(expression="rate(1 day)")
    address, api = f"{ADDRESS}{schedule.slug}/", house.api("alice")
    before = api.get(address).json()
    renamed = api.patch(address, {"name": "Renamed"}, JSON).json()
    assert (renamed["name"], renamed["next_run_at"]) == ("Renamed", before["next_run_at"])
    assert renamed["runs_for"] == "alice"
    hourly = api.patch(address, {"expression": "rate(1 hour)"}, JSON).json()
    assert hourly["next_run_at"] < before["next_run_at"]


def test_it_is_paused_resumed_and_run(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    address, api = f"{ADDRESS}{schedule.slug}/", house.api("alice")
    paused = api.post(f"{address}pause/", {"reason": "Month end."}, JSON).json()
    assert (paused["paused"], paused["pause_reason"], paused["paused_by"]) == (True, "Month end.", "alice")
    assert (paused["pause_cause"], paused["next_run_at"]) == ("person", None)
    assert api.post(f"{address}pause/", {}, JSON).json()["pause_reason"] == "Month end."
    assert api.post(f"{address}pause/", {"reason": "x" * 201}, JSON).status_code == 400
    resumed = api.post(f"{address}resume/", {}, JSON).json()
    assert (resumed["paused"], resumed["runs_for"]) == (False, "alice")
    assert resumed["next_run_at"] is not None
    run = api.post(f"{address}run/", {}, JSON)
    assert (run.status_code, run.json()["state"], run.json()["asked_by"]) == (201, "due", "alice")
    starting.start(ScheduledRun.objects.get().pk)
    listed = api.get(f"{address}runs/").json()["results"]
    assert listed[0]["job"] == ScheduledRun.objects.get().job.key


def test_a_schedule_whose_preset_is_gone_is_neither_resumed_nor_run(
    make_schedule: Make, house: House
) -> None:
    schedule = make_schedule()
    house.preset.delete()
    address, api = f"{ADDRESS}{schedule.slug}/", house.api("bob")
    api.post(f"{address}pause/", {}, JSON)
    for act in ("resume", "run"):
        answer = api.post(f"{address}{act}/", {}, JSON)
        assert answer.status_code == 409
        assert "preset was deleted" in answer.json()["error"]["message"]


def test_runs_are_filtered_and_paged(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    start = timezone.now()
    for number in range(5):
        state = RunState.MISSED if number % 2 else RunState.SKIPPED
        ScheduledRun.objects.create(schedule=schedule, due_at=start + timedelta(seconds=number), state=state)
    address, api = f"{ADDRESS}{schedule.slug}/runs/", house.api("vera")
    assert len(api.get(f"{address}?state=missed").json()["results"]) == 2
    page = api.get(f"{address}?limit=3").json()
    older = api.get(page["next"]).json()["results"]
    assert len(page["results"]) == 3
    assert len(older) == 2
    assert api.get(f"{address}?state=lost").status_code == 400


def test_schedules_are_filtered(make_schedule: Make, house: House) -> None:
    make_schedule()
    api = house.api("vera")
    assert len(api.get(f"{ADDRESS}?paused=false&preset=nightly&q=night").json()["results"]) == 1
    assert api.get(f"{ADDRESS}?paused=true").json()["results"] == []


def test_a_preview_tells_the_next_runs_and_what_is_wrong(house: House) -> None:
    whole_preset(house)
    api = house.api("bob")
    answer = api.post(f"{ADDRESS}preview/", {"expression": "rate(1 hour)"}, JSON)
    assert len(answer.json()) == 5
    assert answer.json()[0]["data"] == ""
    whole = api.post(f"{ADDRESS}preview/", {**BODY, "data": "s3://bucket/{date}/"}, JSON).json()
    assert whole[0]["at"][:10] in whole[0]["data"]
    assert whole[0]["at"].endswith(("+01:00", "+02:00"))
    assert api.post(f"{ADDRESS}preview/", {"expression": "daily"}, JSON).status_code == 400
    assert not Schedule.objects.exists()


def test_only_its_maker_and_admins_delete_a_schedule(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="alice")
    address = f"{ADDRESS}{schedule.slug}/"
    assert house.api("bob").delete(address).status_code == 403
    assert house.api("alice").delete(address).status_code == 204
    assert not Schedule.objects.exists()


def test_a_schedule_of_another_kind_is_changed_where_it_comes_from(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    Schedule.objects.filter(pk=schedule.pk).update(kind="stage")
    assert house.api("alice").patch(f"{ADDRESS}{schedule.slug}/", {"name": "x"}, JSON).status_code == 409
    assert house.api("alice").delete(f"{ADDRESS}{schedule.slug}/").status_code == 409
