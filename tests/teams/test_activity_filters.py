"""The filters of the team's record, the same on the page, in its downloads and in the API."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams import activity, tokens
from teams.activity_filters import FILTERS
from teams.models import Activity
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def acts(house: House) -> dict[str, Activity]:
    """Acts that differ in one thing each, and the token of one."""
    bob, alice = house.people["bob"], house.people["alice"]
    token = tokens.create(team=house.team, user=alice, name="nightly")[0]
    Activity.objects.all().delete()
    acts_by_name = {
        "plain": activity.record(house.team, bob, "model.registered", house.model, label="churn-1"),
        "alice": activity.record(house.team, alice, "model.registered", house.model, label="churn-2"),
        "token": activity.record(house.team, bob, "job.submitted", house.model, label="night", token=token),
        "connection": activity.record(house.team, bob, "connection.changed", house.connection),
        "far": activity.record(house.team, bob, "job.stopped", house.model, label="far"),
        "old": activity.record(house.team, bob, "job.archived", house.model, label="old"),
    }
    Activity.objects.filter(pk=acts_by_name["far"].pk).update(
        address="2001:db8::7", request_id="a-request-id"
    )
    Activity.objects.filter(pk=acts_by_name["old"].pk).update(at=timezone.now() - timedelta(days=40))
    return acts_by_name


def names_by_way(house: House, words: dict[str, str]) -> dict[str, list[str]]:
    """The names of the acts that fit the words: on the page, in CSV, in JSON Lines and by the API."""
    client = house.page("vera")
    page = Page(client.get("/team/activity/", words))
    table = [Page.all_below(row, "td") for row in page.all("tr")]
    lines = b"".join(client.get("/team/activity.jsonl", words).streaming_content).decode().splitlines()
    file = b"".join(client.get("/team/activity.csv", words).streaming_content).decode().splitlines()
    answer = house.api("vera").get("/api/v1/activity/", words).json()
    return {
        "page": [cells[3].text.split()[0] for cells in table if cells],
        "csv": [row["name"].split()[0] for row in csv.DictReader(file)],
        "json lines": [json.loads(line)["name"].split()[0] for line in lines],
        "api": [row["name"].split()[0] for row in answer["results"]],
    }


def same(house: House, words: dict[str, str], *expected: str) -> None:
    names = names_by_way(house, words)
    assert names == {way: list(expected) for way in names}, words


def test_each_filter_keeps_the_same_on_the_page_in_the_files_and_in_the_api(
    house: House, acts: dict[str, Activity]
) -> None:
    connection = str(house.connection).split()[0]
    same(house, {"person": "alice"}, "churn-2")
    same(house, {"verb": "job"}, "old", "far", "night")
    same(house, {"verb": "job.stopped"}, "far")
    same(house, {"verb": "jo"})
    same(house, {"kind": "connection"}, connection)
    same(house, {"object": str(house.connection.pk), "kind": "connection"}, connection)
    same(house, {"object": "CHURN"}, "churn-2", "churn-1")
    same(house, {"token": "nightly"}, "night")
    same(house, {"address": "2001:0db8:0::7"}, "far")
    same(house, {"request_id": "a-request-id"}, "far")
    same(house, {"until": "30d"}, "old")
    same(house, {"since": "7d", "verb": "job", "token": "nightly"}, "night")


def test_a_date_is_a_whole_day_of_the_readers_zone(house: House) -> None:
    act = activity.record(house.team, house.people["bob"], "model.registered", house.model, label="late")
    Activity.objects.filter(pk=act.pk).update(at=datetime(2026, 3, 10, 23, 30, tzinfo=UTC))
    words = {"since": "2026-03-10", "until": "2026-03-10", "object": "late"}
    same(house, words, "late")
    client = house.page("vera")
    client.cookies["zone"] = "Europe/Berlin"
    assert "late" not in [row.text for row in Page(client.get("/team/activity/", words)).all("td")]
    there = Page(client.get("/team/activity/", {**words, "since": "2026-03-11", "until": "2026-03-11"}))
    assert any("late" in row.text for row in there.all("td"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", "10.0.0"),
        ("address", "10.0.0.0/8"),
        ("since", "yesterday"),
        ("since", "2026-02-30"),
        ("until", "9999-12-31"),
        ("since", "0001-01-01T00:00:00+14:00"),
        ("until", "12345d"),
        ("verb", "x" * 41),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_everywhere_by_its_name(
    house: House, name: str, value: str
) -> None:
    client = house.page("vera")
    page = client.get("/team/activity/", {name: value})
    assert page.status_code == 400
    assert Page(page).by_id(f"f-{name}").get("aria-invalid") == "true"
    for address in ("/team/activity.csv", "/team/activity.jsonl"):
        answer = client.get(address, {name: value})
        assert (answer.status_code, answer.content.decode().partition(":")[0]) == (400, name)
    problem = house.api("vera").get("/api/v1/activity/", {name: value})
    assert (problem.status_code, list(problem.json()["error"]["fields"])) == (400, [name])


def test_json_lines_have_the_fields_of_the_api(house: House, acts: dict[str, Activity]) -> None:
    # Its token is an act too.
    api_client = house.api("vera")
    answer = house.page("vera").get("/team/activity.jsonl")
    assert answer.headers["Content-Disposition"].endswith('.jsonl"')
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]
    assert lines == api_client.get("/api/v1/activity/?limit=200").json()["results"]


def test_acts_on_an_account_have_the_address_and_the_id_of_their_request(house: House) -> None:
    bob = house.people["bob"]
    bob.set_password("a long enough password")
    bob.save()
    client = Client(HTTP_X_REQUEST_ID="signing-in-0001", REMOTE_ADDR="10.0.0.7")
    credentials = {"username": "bob", "password": "a long enough password"}
    client.post("/signin/", {**credentials, "password": "wrong"})
    assert client.post("/signin/", credentials).status_code == 302
    client.post(
        "/account/password/",
        {
            "old_password": credentials["password"],
            "new_password1": "another long password",
            "new_password2": "another long password",
        },
    )
    client.post("/account/sessions/")
    rows = Activity.objects.filter(verb__startswith="account.")
    verbs = set(rows.values_list("verb", flat=True))
    assert {"account.signed_in", "account.sign_in_failed"} <= verbs
    assert len(verbs) >= 3
    assert set(rows.values_list("address", "request_id")) == {("10.0.0.7", "signing-in-0001")}
    text = json.dumps(list(rows.values("detail", "changes", "object_label")))
    assert "enough" not in text
    assert "another" not in text


def test_the_documents_table_of_filters_is_the_filters_that_there_are() -> None:
    text = (ROOT / "docs/api.md").read_text()
    rows = text.partition("| parameter | what of the record it keeps |\n|---|---|\n")[2].partition("\n\n")[0]
    assert rows.splitlines() == [f"| `{entry.name}` | {entry.help_text} |" for entry in FILTERS]


def test_a_wrong_filter_of_another_name_is_refused_in_files(house: House) -> None:
    answer: Any = house.page("vera").get("/team/activity.jsonl?persn=bob")
    assert answer.status_code == 400
