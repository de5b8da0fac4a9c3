"""What jobs have cost, added up by team, model and month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from jobs.models import Connection, TransformJob
from jobs.services.connections import prices
from jobs.services.listing import spending
from jobs.states import JobState
from teams.models import Membership, User
from tests.cast import House
from tests.jobs.test_costs import C5, M5, ran
from tests.support.html import Page

pytestmark = pytest.mark.django_db
MAY, JUNE = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
NEVER = date(2900, 1, 1)


@pytest.fixture
def history(house: House) -> House:
    """Of two models in two months: jobs with a cost, jobs without a price, engine's jobs and jobs that never ran."""
    aws = Connection.objects.create(team=house.team, slug="aws", name="AWS", kind="aws", region="eu-west-1")
    prices.change(aws, {M5: 2}, by=house.people["bob"])
    for ended, seconds, model in [(MAY, 3600, "churn"), (JUNE, 1800, "churn"), (JUNE, 7200, "fraud")]:
        ran(house, seconds, connection=aws, ended_at=ended, model_name=model)
    ran(house, connection=aws, ended_at=JUNE, instance_type=C5, state=JobState.FAILED)
    ran(house, ended_at=JUNE, model_name="fraud", state=JobState.STOPPED)
    house.job(JobState.REJECTED, ended_at=JUNE)
    house.job(JobState.IN_PROGRESS, started_at=JUNE)
    return house


def figures(house: House, query: str) -> list[tuple[Any, ...]]:
    answer = house.api("vera").get(f"/api/v1/costs/?{query}").json()
    keys = (
        "team",
        "month",
        "model",
        "connection",
        "jobs",
        "amount",
        "instance_seconds",
        "unknown",
        "not_billed",
    )
    return [tuple(row[key] for key in keys if key in row) for row in answer["results"]]


def sheet(house: House, query: str) -> list[str]:
    answer: Any = house.page("vera").get(f"/costs/csv/?{query}")
    return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()


@pytest.fixture
def people_and_tags(history: House) -> House:
    """The same jobs, with owners and tags on some of them."""
    jobs = TransformJob.objects.order_by("pk")
    owners = [history.people["alice"], history.people["bob"], history.people["bob"], None]
    tags = [{"team": "risk"}, {"team": "risk", "use": "=1+1"}, {}, {}]
    for job, owner, tagged in zip(jobs, owners, tags, strict=False):
        TransformJob.objects.filter(pk=job.pk).update(submitted_by=owner, spec={**job.spec, "tags": tagged})
    return history


def test_the_page_and_its_csv_group_costs_by_owner_and_by_tag(people_and_tags: House) -> None:
    client: Any = people_and_tags.page("vera")
    page = Page(client.get("/costs/?by=owner"))
    text = " ".join(page.text.split())
    assert "bob $5.00 2" in text
    assert "alice $2.00 2" in text
    assert "Nobody here none known" in text
    assert "/jobs/?owner=bob&state=ended" in [node.get("href") for node in page.all("a")]
    assert "/costs/csv/?by=owner" in [node.get("href") for node in page.all("a")]
    assert sheet(people_and_tags, "by=owner")[:3] == [
        "owner,cost_usd,jobs,instance_seconds,without_cost",
        "bob,5.000000,2,9000,0",
        "alice,2.000000,2,7200,1",
    ]
    by_tag = sheet(people_and_tags, "by=tag")
    assert by_tag[1].startswith("team=risk,3.0")
    assert by_tag[2].startswith("use==1+1,1.0")
    text = " ".join(Page(client.get("/costs/?by=tag&month=2026-06")).text.split())
    assert "team=risk $1.00 1" in text
    assert "A job counts for each of its tags" in text


def test_the_csv_has_what_the_page_shows_by_the_same_filters(history: House, other_house: House) -> None:
    assert sheet(history, "by=model&month=2026-06") == [
        "model,cost_usd,jobs,instance_seconds,without_known_cost,not_billed",
        "fraud,4.000000,2,10800,0,1",
        "churn,1.000000,2,5400,1,0",
    ]
    assert [line.split(",")[:2] for line in sheet(history, "")[1:]] == [
        ["2026-06", "5.000000"],
        ["2026-05", "2.000000"],
    ]
    assert len(sheet(history, "by=nonsense&month=nonsense")) == 3
    answer: Any = other_house.page("charlie").get("/costs/csv/?by=owner")
    assert b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[1:] == []


@pytest.mark.parametrize("by", ["owner", "tag", "model"])
def test_more_rows_take_no_more_queries(house: House, by: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            house.page("vera").get(f"/costs/?by={by}")
        return len(captured)

    def run(number: int) -> None:
        person = User.objects.create(username=f"person-{number}")
        ran(house, model_name=f"m{number}", submitted_by=person, spec={"tags": {"n": str(number)}})

    run(0)
    before = queries()
    for number in range(1, 6):
        run(number)
    assert queries() == before


def test_totals_are_told_apart_by_what_is_asked_for(history: House) -> None:
    assert figures(history, "") == [
        ("2026-06", "fraud", 2, 4.0, 10800, 0, 1),
        ("2026-06", "churn", 2, 1.0, 5400, 1, 0),
        ("2026-05", "churn", 1, 2.0, 3600, 0, 0),
    ]
    assert figures(history, "by=month") == [("2026-06", 4, 5.0, 16200, 1, 1), ("2026-05", 1, 2.0, 3600, 0, 0)]
    assert figures(history, "by=model") == [("fraud", 2, 4.0, 10800, 0, 1), ("churn", 3, 3.0, 9000, 1, 0)]
    assert figures(history, "by=team") == [("first", 5, 7.0, 19800, 1, 1)]
    assert figures(history, "by=connection") == [
        ("aws", 4, 7.0, 16200, 1, 0),
        ("engine", 1, None, 3600, 0, 1),
    ]
    total = history.api("vera").get("/api/v1/costs/").json()["total"]
    assert (total["jobs"], total["amount"], total["unknown"], total["not_billed"]) == (5, 7.0, 1, 1)


def test_months_are_those_of_utc_and_both_ends_are_included(history: House) -> None:
    assert figures(history, "by=month&from=2026-05&to=2026-05") == [("2026-05", 1, 2.0, 3600, 0, 0)]
    assert figures(history, "by=month&from=2026-06") == [("2026-06", 4, 5.0, 16200, 1, 1)]
    assert figures(history, "by=month&to=2026-04") == []
    assert figures(history, "by=month&connection=engine") == [("2026-06", 1, None, 3600, 0, 1)]


@pytest.mark.parametrize(("query", "field"), [("from=x", "from"), ("to=2026-13", "to"), ("by=year", "by")])
def test_what_cannot_be_asked_for_is_named(history: House, query: str, field: str) -> None:
    answer = history.api("vera").get(f"/api/v1/costs/?{query}")
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, [field])


def test_sums_have_no_trace_of_binary_fractions(house: House) -> None:
    prices.change(house.connection, {M5: 0.1}, by=house.people["bob"])
    for _ in range(3):
        ran(house, ended_at=JUNE)
    assert figures(house, "by=month") == [("2026-06", 3, 0.3, 10800, 0, 0)]


def test_no_team_sees_what_another_spends(history: House, other_house: House) -> None:
    answer = other_house.api("charlie").get("/api/v1/costs/").json()
    assert (answer["results"], answer["total"]["jobs"], answer["total"]["amount"]) == ([], 0, None)


def test_the_page_adds_up_the_persons_teams_side_by_side(history: House, other_house: House) -> None:
    ran(other_house, ended_at=JUNE)
    page = history.page("alice")
    assert ">Team</a>" not in page.get("/costs/").content.decode()
    Membership.objects.create(team=other_house.team, user=history.people["alice"], role="viewer")
    page_text = page.get("/costs/?by=team&month=2026-06").content.decode()
    assert "First" in page_text
    assert "Second" in page_text
    assert "$5.00" in page_text
    assert "of 4 jobs that ran" in page_text, "of the team that is looked at alone"


@pytest.mark.parametrize("by", spending.KEYS)
def test_the_parts_make_up_the_whole(history: House, by: str) -> None:
    parts = spending.totals([history.team], [by])
    assert spending.together(parts) == spending.whole([history.team])
    assert spending.together([]) == spending.whole([history.team], spending.Period(first=NEVER))


def test_the_page_tells_what_is_not_known(history: House) -> None:
    page = history.page("vera")
    page_text = page.get("/costs/?month=2026-06&by=model").content.decode()
    assert "$4.00" in page_text
    assert "not billed" in page.get("/costs/?by=connection&month=2026-06").content.decode()
    assert "Without a known cost" in page_text
    for odd in ("?month=x", "?by=nothing", "?month=0000-00", "?month=9999-12"):
        assert page.get(f"/costs/{odd}").status_code == 200, odd


def test_the_number_of_queries_does_not_grow_with_the_history(
    history: House, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for number in range(2):
        for model in range(number * 20):
            ran(history, ended_at=JUNE, model_name=f"m{model}")
        for path in ("/costs/?by=model&month=2026-06", "/api/v1/costs/"):
            client = history.page("vera") if path.startswith("/costs") else history.api("vera")
            client.get(path)  # A first visit writes down where the session is used.
            with django_assert_max_num_queries(12) as captured:
                assert client.get(path).status_code == 200
            counts.append(len(captured))
    assert counts[:2] == counts[2:]
