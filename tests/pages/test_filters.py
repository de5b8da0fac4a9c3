"""Narrowing, searching and sorting the list of jobs: panel, box, chips, API and CSV mean the same."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from jobs import search_query
from jobs.filtering import FILTERS, Filter
from jobs.models import Connection, TransformJob
from jobs.pages.history import PAGE
from jobs.states import JobState
from tests.cast import House
from tests.pages.test_history import listed_names, messages
from tests.support.html import Page

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def jobs(house: House) -> dict[str, TransformJob]:
    """Four jobs that differ in everything a list is narrowed by."""
    prod = Connection.objects.create(team=house.team, slug="prod", name="Prod", kind="aws")
    spec = house.job(name="plain", created_at=NOW - timedelta(days=40)).spec
    house.job(
        JobState.FAILED,
        name="nightly-churn",
        state_reason="CapacityError: no capacity.",
        submitted_by=house.people["bob"],
        instance_type="ml.g5.xlarge",
        spec={
            **spec,
            "data": "s3://lake/Churn/day=1/",
            "output_path": "s3://out/churn/a",
            "tags": {"team": "Growth"},
        },
        created_at=NOW - timedelta(days=2),
    )
    house.job(
        JobState.COMPLETED,
        name="weekly-ocr",
        model_name="ocr",
        connection=prod,
        started_at=NOW - timedelta(hours=2),
        ended_at=NOW - timedelta(hours=1),
        created_at=NOW - timedelta(hours=3),
        spec={**spec, "tags": {"team": "growth-lab", "q3": ""}},
    )
    house.job(
        JobState.STOPPED,
        name="foreign",
        external=True,
        submitted_by=None,
        created_at=datetime(2026, 1, 5, 23, tzinfo=UTC),
    )
    return {job.name: job for job in TransformJob.objects.all()}


CASES = {
    "state=failed,stopped": {"nightly-churn", "foreign"},
    "state=ended": {"nightly-churn", "weekly-ocr", "foreign"},
    "model=ocr": {"weekly-ocr"},
    "owner=bob": {"nightly-churn"},
    "owner=me": {"nightly-churn"},
    "owner=nobody": set(),
    "connection=prod": {"weekly-ocr"},
    "instance_type=ml.g5.xlarge": {"nightly-churn"},
    "cause=no-capacity": {"nightly-churn"},
    "since=7d": {"nightly-churn", "weekly-ocr"},
    "since=24h": {"weekly-ocr"},
    "since=2026-01-05&until=2026-01-05": {"foreign"},
    "until=2026-01-05T22:00:00Z": set(),
    "tag=team": {"nightly-churn", "weekly-ocr"},
    "tag=team%3DGROWTH": {"nightly-churn"},
    "tag=eam": set(),
    "path=s3://lake/churn": {"nightly-churn"},
    "path=lake/": {"nightly-churn"},
    "path=s3://out/churn/a/day=1/part.csv.out": {"nightly-churn"},
    "path=s3://out/churn/ab/part.csv.out": set(),
    "name=NIGHT": {"nightly-churn"},
    "text=ocr+growth": {"weekly-ocr"},
    "text=100%25": set(),
    "external=true": {"foreign"},
}


@pytest.mark.parametrize("query", CASES)
def test_page_api_and_csv_show_the_same_jobs(house: House, jobs: dict[str, TransformJob], query: str) -> None:
    expected_names, client = CASES[query], house.page("bob")
    page = Page(client.get(f"/jobs/?{query}"))
    assert set(listed_names(page) if page.all("table") else []) & set(jobs) == expected_names
    rows = house.api("bob").get(f"/api/v1/jobs/?{query}").json()["results"]
    assert {row["name"] for row in rows} == expected_names
    sheet = b"".join(client.get(f"/jobs/export.csv?{query}").streaming_content).decode()  # type: ignore[attr-defined]
    assert {row["name"] for row in csv.DictReader(sheet.splitlines())} == expected_names


def test_the_box_leads_to_the_address_of_the_panel(house: House, jobs: dict[str, TransformJob]) -> None:
    client = house.page("bob")
    typed = 'status:failed model:churn owner:bob since:"7d" nightly'
    answer = client.get(f"/jobs/?q={quote(typed)}", follow=True)
    assert answer.redirect_chain == [("/jobs/?state=failed&model=churn&owner=bob&since=7d&text=nightly", 302)]
    page = Page(answer)
    assert "nightly-churn" in listed_names(page)
    assert page.by_id("f-q").get("value") == "status:failed model:churn owner:bob since:7d nightly"
    chips = [Page.all_below(chip, "a")[0].get("href") for chip in page.of_class("chip")]
    assert chips[0] == "/jobs/?model=churn&owner=bob&since=7d&text=nightly"
    assert len(chips) == 5
    rows = house.api("bob").get(f"/api/v1/jobs/?q={quote(typed)}").json()["results"]
    assert [row["name"] for row in rows] == ["nightly-churn"]


def test_what_the_box_shows_is_read_back_the_same() -> None:
    filters = {"state": "failed", "path": "s3://lake/a b/", "text": "two words"}
    assert search_query.parse(search_query.write(filters)) == filters
    assert search_query.parse("s3://lake/x status:failed status:stopped") == {
        "path": "s3://lake/x",
        "state": "failed,stopped",
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=asleep", "state"),
        ("cause=bad-luck", "cause"),
        ("since=yesterday", "since"),
        ("since=2026-02-31", "since"),
        ("until=9999-99-99", "until"),
        ("external=perhaps", "external"),
        ("archived=perhaps", "archived"),
        ("sort=colour", "sort"),
        ("q=colour:red", "colour"),
        (f"text={'x' * 1200}", "text"),
    ],
)
def test_a_wrong_filter_is_named_everywhere(
    house: House, jobs: dict[str, TransformJob], query: str, field: str
) -> None:
    answer = house.api("vera").get(f"/api/v1/jobs/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]
    client = house.page("vera")
    assert field in " ".join(messages(Page(client.get(f"/jobs/?{query}", follow=True))))
    export = client.get(f"/jobs/export.csv?{query}")
    assert export.status_code == 400
    assert field in export.content.decode()


def test_a_misspelt_filter_is_named_everywhere(house: House, jobs: dict[str, TransformJob]) -> None:
    answer = house.api("vera").get("/api/v1/jobs/?stat=failed")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["stat"]
    client = house.page("vera")
    assert any("stat: is no filter" in text for text in messages(Page(client.get("/jobs/?stat=failed"))))
    assert client.get("/jobs/export.csv?stat=failed").status_code == 400


@pytest.mark.parametrize("declared", FILTERS, ids=lambda declared: declared.name)
def test_the_panel_and_the_box_have_each_filter(house: House, declared: Filter) -> None:
    field = Page(house.page("vera").get("/jobs/")).by_id(f"f-{declared.name}")
    assert field.get("name") == declared.name
    for word in (declared.name, declared.word, *declared.aliases):
        assert search_query.parse(f"{word}:x") == {declared.name: "x"}


def test_the_panel_keeps_values_that_its_menus_do_not_have(house: House) -> None:
    page = Page(house.page("vera").get("/jobs/?state=failed,stopped&connection=gone&cause=Out-Of-Memory"))
    selected = {
        name: [
            option.get("value")
            for option in Page.all_below(page.by_id(f"f-{name}"), "option")
            if "selected" in option.attributes
        ]
        for name in ("state", "connection", "cause", "archived")
    }
    assert selected == {
        "state": ["failed,stopped"],
        "connection": ["gone"],
        "cause": ["out-of-memory"],
        "archived": [""],
    }


@pytest.mark.parametrize("name", ["since", "until", "ended"])
@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01",
        "2020-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31",
        "700000d",
    ],
)
def test_a_time_at_the_edge_of_the_calendar_is_read_or_named(house: House, name: str, moment: str) -> None:
    query = f"{name}={quote(moment)}"
    answer = house.api("bob").get(f"/api/v1/jobs/?{query}")
    assert answer.status_code == 200 or list(answer.json()["error"]["fields"]) == [name]
    assert house.page("bob").get(f"/jobs/?{query}").status_code == 200


def test_every_page_of_every_order_is_walked_without_gap_or_repeat(house: House) -> None:
    for number in range(PAGE + 7):
        start = NOW - timedelta(seconds=number % 5)
        house.job(
            JobState.COMPLETED, name=f"n{number % 9}-{number}", started_at=start, ended_at=NOW, created_at=NOW
        )
    client, api = house.page("vera"), house.api("vera")
    keys = {"submitted": lambda row: row["created_at"], "name": lambda row: row["name"]}
    for sort in ("submitted", "-submitted", "duration", "-duration", "name", "-name"):
        walked: list[Any] = []
        address = f"/api/v1/jobs/?limit=20&sort={sort}"
        while address:
            answer = api.get(address).json()
            walked += answer["results"]
            address = answer["next"]
        assert len({row["id"] for row in walked}) == len(walked) == PAGE + 7
        key = keys.get(sort.removeprefix("-"))
        if key:
            assert walked == sorted(walked, key=key, reverse=sort.startswith("-")) or sort.endswith(
                "submitted"
            )
        first = Page(client.get(f"/jobs/?sort={sort}"))
        following = [link.get("href") for link in first.all("a") if "before=" in (link.get("href") or "")]
        second = Page(client.get(str(following[0])))
        names = [
            name
            for page in (first, second)
            for name in listed_names(page)
            if name in {row["name"] for row in walked}
        ]
        assert names == [row["name"] for row in walked]


def test_a_job_that_ends_can_be_found_by_cause_and_sorted_by_duration(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS, started_at=NOW - timedelta(minutes=5))
    job.move(
        JobState.FAILED, from_={JobState.IN_PROGRESS}, reason="InternalServerError: try again.", ended_at=NOW
    )
    job.refresh_from_db()
    assert (job.cause, job.duration_seconds) == ("internal-error", 300)


def test_no_cell_of_the_csv_is_a_formula(house: House) -> None:
    spec = house.job().spec
    house.job(
        JobState.FAILED,
        name="bad",
        state_reason='=HYPERLINK("http://x")',
        spec={**spec, "tags": {"@a": "+1"}},
    )
    sheet = b"".join(house.page("vera").get("/jobs/export.csv?name=bad").streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(sheet.splitlines())
    assert row["state_reason"] == '\'=HYPERLINK("http://x")'
    assert row["tags"] == "'@a=+1"


def test_the_csv_has_nothing_of_another_team(house: House, other_house: House) -> None:
    house.job(name="ours")
    answer = other_house.page("charlie").get("/jobs/export.csv")
    assert b"ours" not in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_search_box_has_words_to_complete(house: House) -> None:
    page = Page(house.page("vera").get("/jobs/"))
    words = {node.text for node in Page.all_below(page.by_id("search-words"), "li")}
    assert {"status:", "status:failed", "model:churn", "owner:me", "cause:out-of-memory", "tag:"} <= words


def test_a_cause_that_does_not_exist_is_answered_with_those_that_are_near(house: House) -> None:
    answer = house.page("vera").get("/jobs/?q=cause:out-of-memry", follow=True).content.decode()
    assert "near it are out-of-memory" in answer
    assert "wrong-columns" not in answer.partition("<main")[2].partition("<form")[0]
