"""The page of trends: success, duration, cost and number of jobs over time, with the filters of the list of jobs."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from jobs.services.listing import trends
from jobs.states import REMOTE, JobState
from teams.models import Role
from tests.cast import House, make_house
from tests.support.html import Page

pytestmark = pytest.mark.django_db
API, PAGE = "/api/v1/trends/", "/trends/"


def ended(
    house: House, at: datetime, state: JobState = JobState.COMPLETED, seconds: int = 60, **fields: Any
) -> None:
    job = house.job(JobState.IN_PROGRESS, **fields)
    times: dict[str, Any] = {"started_at": at - timedelta(seconds=seconds), "ended_at": at}
    assert job.move(state, from_=REMOTE, instance_seconds=seconds, cost_usd=Decimal(seconds) / 100, **times)


@pytest.fixture
def weeks(house: House) -> House:
    """Jobs of two models on a Sunday's last second, on the Monday after it, and a week later."""
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    for seconds in (10, 20, 30):
        ended(house, monday - timedelta(seconds=1), seconds=seconds)
    ended(
        house, monday, JobState.FAILED, cause="unknown", spec={"model_name": "churn", "tags": {"team": "crm"}}
    )
    ended(house, monday, model_name="fraud", submitted_by=None)
    ended(house, monday + timedelta(days=7), JobState.STOPPED, instance_type="ml.c5.xlarge")
    return house


_WEEKS = "unit=week&ended=2026-05-25&ended_until=2026-06-14"


def lines(house: House, query: str) -> dict[str | None, list[tuple[Any, ...]]]:
    answer = house.api("vera").get(f"{API}?{query}")
    assert answer.status_code == 200, answer.content
    names = ("jobs", "success", "median_seconds", "p95_seconds", "amount")
    return {
        line["value"]: [tuple(point[name] for name in names) for point in line["points"]]
        for line in answer.json()["lines"]
    }


def test_weeks_begin_on_monday_in_utc(weeks: House) -> None:
    answer = weeks.api("vera").get(f"{API}?{_WEEKS}").json()
    assert (answer["starts"], answer["end"]) == (["2026-05-25", "2026-06-01", "2026-06-08"], "2026-06-15")
    assert lines(weeks, _WEEKS) == {
        None: [(3, 1.0, 20, 30, 0.6), (2, 0.5, 60, 60, 1.2), (1, None, None, None, 0.6)]
    }


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("model", {"churn": 5, "fraud": 1}),
        ("owner", {"alice": 5, None: 1}),
        ("connection", {"engine": 6}),
        ("instance_type", {"ml.m5.large": 5, "ml.c5.xlarge": 1}),
        ("tag", {"team=crm": 1}),
    ],
)
def test_jobs_are_told_apart_by_what_they_have_in_common(
    weeks: House, by: str, values: dict[Any, int]
) -> None:
    """The sums by day and the jobs themselves, which a filter makes it read, say the same."""
    lines_by_value = lines(weeks, f"{_WEEKS}&by={by}")
    assert {value: sum(point[0] for point in points) for value, points in lines_by_value.items()} == values
    assert lines(weeks, f"{_WEEKS}&by={by}&name=job") == lines_by_value


def test_filters_are_those_of_the_list_of_jobs(weeks: House) -> None:
    assert lines(weeks, f"{_WEEKS}&model=fraud") == {
        None: [(0, None, None, None, 0), (1, 1.0, 60, 60, 0.6), (0, None, None, None, 0)]
    }
    assert lines(weeks, f"{_WEEKS}&q=status:failed")[None][1][0] == 1
    wrong = weeks.api("vera").get(f"{API}?ended=soon&unit=year")
    assert list(wrong.json()["error"]["fields"]) == ["unit"]
    assert weeks.api("vera").get(f"{API}?ended=2020-01-01").status_code == 400, "too many days"
    assert weeks.api("vera").get(f"{API}?ended=2026-06-05&ended_until=2026-06-01").status_code == 400
    for moment in ("9999-12-31T23:59:59Z", "9999-12-31", "9000-01-01", "0001-01-01", "0001-01-08T00:00:00Z"):
        for unit in ("day", "week", "month"):
            for name in ("ended", "ended_until"):
                query = f"unit={unit}&{name}={moment}"
                assert weeks.api("vera").get(f"{API}?{query}").status_code == 400, query
                assert weeks.page("vera").get(f"/trends/?{query}").status_code == 200, query


def test_each_number_leads_to_its_jobs(weeks: House) -> None:
    page = weeks.page("vera")
    answer = Page(page.get(f"{PAGE}?{_WEEKS}&by=model"))
    links = [
        link
        for link in answer.all("a")
        if link.attributes.get("href", "").startswith("/jobs/?") and link.text.isdigit()
    ]
    assert len(links) == 2 + 4, "of each model, and of each week with jobs of it"
    for link in links:
        listed = page.get(link.attributes["href"])
        assert len(Page(listed).all("tr")) - 1 == int(link.text), link.attributes["href"]


def test_the_csv_has_a_row_for_each_point(weeks: House) -> None:
    answer = weeks.page("vera").get(f"/trends/csv/?{_WEEKS}&by=model")
    rows = list(csv.reader(b"".join(answer.streaming_content).decode().lstrip("\ufeff").splitlines()))  # type: ignore[attr-defined]
    assert rows[0][:3] == ["week", "model", "jobs"]
    assert [row[:3] for row in rows[1:3]] == [["2026-05-25", "churn", "3"], ["2026-06-01", "churn", "1"]]
    assert len(rows) == 1 + 2 * 3


def test_without_jobs_the_page_says_so_and_odd_words_are_left_out(house: House) -> None:
    page = house.page("vera")
    assert "No job ended in this time" in page.get(PAGE).content.decode()
    for odd in ("?unit=x&by=y", "?ended=x", "?ended=2020-01-01", "?nothing=1"):
        assert page.get(f"{PAGE}{odd}").status_code == 200, odd
    assert (
        page.get(f"{PAGE}?q=model:churn&unit=week").headers["Location"]
        == "/trends/?model=churn&unit=week&by="
    )


def test_no_team_sees_another_teams_jobs(weeks: House) -> None:
    second = make_house("second", {"charlie": Role.ADMIN})
    assert second.api("charlie").get(f"{API}?{_WEEKS}").json()["lines"] == []
    assert "No job that matches ended" in second.page("charlie").get(f"{PAGE}?{_WEEKS}").content.decode()


def test_durations_of_very_many_jobs_are_those_of_a_part(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trends, "MOST_JOBS", 5)
    for _ in range(12):
        ended(house, timezone.now() - timedelta(minutes=1))
    answer = house.api("vera").get(API).json()
    assert (answer["every"], answer["lines"][0]["points"][-1]["median_seconds"]) == (3, 60)
    assert sum(point["jobs"] for point in answer["lines"][0]["points"]) == 12
    refused = house.api("vera").get(f"{API}?model=churn")
    assert refused.status_code == 400
    assert "More than 5 jobs" in refused.json()["error"]["fields"]["ended"][0]
