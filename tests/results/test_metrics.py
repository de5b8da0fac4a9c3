"""What a job's instances used: read from the real engine as from CloudWatch, shown, and told by the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.states import JobState
from results import metrics
from tests.cast import House
from tests.jobs.running import folder, run, serving, serving_engine
from tests.pages.polls import poll
from tests.support.engine import EngineProcess
from tests.support.html import Page

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db


def test_each_instance_of_a_job_has_a_line_in_each_figure(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n", "b": b"2\n"}, instance_count=2)
    usage = metrics.usage(job)
    assert [chart.title for chart in usage.charts] == ["CPU", "Memory"]
    assert (usage.note, usage.period) == ("", 5)
    instances = [[line.instance for line in chart.lines] for chart in usage.charts]
    assert instances[0] == instances[1]
    assert len(set(instances[0])) == 2
    assert all(name.startswith("i-") for name in instances[0])
    for chart in usage.charts:
        for line in chart.lines:
            measured = [value for value in line.values if value is not None]
            assert len(line.values) == len(usage.times)
            assert (line.minimum, line.maximum) == (min(measured), max(measured))
            assert 0 <= line.minimum <= line.mean <= line.maximum


def test_the_page_has_the_numbers_as_a_table_and_the_api_as_they_are(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    job = run(serving, serving_engine, folder, {"a": b"1\n"})
    client = serving.page("alice")
    answer = serving.api("alice").get(f"/api/v1/jobs/{job.key}/metrics/").json()
    page = Page(client.get(f"/jobs/{job.key}/metrics/"))
    tables = Page.all_below(page.by_id("usage"), "tbody")
    for chart, row in zip(answer["charts"], tables, strict=True):
        (line,) = chart["lines"]
        figures = [f"{line[name]:.1f} %" for name in ("minimum", "mean", "maximum")]
        assert row.text == " ".join([line["instance"], *figures])
        assert len(line["values"]) == len(answer["times"])
    # The part that is polled leaves the figures as they are, and asks CloudWatch nothing.
    again = Page(poll(client, f"/jobs/{job.key}/metrics/")).by_id("usage")
    assert (again.get("hx-preserve"), again.text) == ("true", "")
    assert client.get(page.by_id("usage").get("data-usage")).json()["charts"] == answer["charts"]


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (JobState.WAITING, "The first numbers come about a minute after the first instance runs."),
        (JobState.REJECTED, "No instance ran, so there are no numbers."),
    ],
)
def test_without_numbers_the_page_says_when_they_come(house: House, state: JobState, note: str) -> None:
    page = Page(house.page("vera").get(f"/jobs/{house.job(state).key}/metrics/"))
    assert note in page.by_id("usage").text


def test_an_engine_that_is_away_is_said_on_the_page_and_by_the_api(house: House) -> None:
    job = house.job(JobState.COMPLETED)
    page = house.page("vera").get(f"/jobs/{job.key}/metrics/")
    assert (page.status_code, "cannot be reached" in page.content.decode()) == (200, True)
    assert house.api("vera").get(f"/api/v1/jobs/{job.key}/metrics/").status_code == 503


@pytest.mark.parametrize(
    ("length", "engine", "seconds"),
    [
        (timedelta(seconds=3), True, 5),
        (timedelta(minutes=40), True, 10),
        (timedelta(hours=5), True, 60),
        (timedelta(seconds=3), False, 60),
        (timedelta(hours=5), False, 60),
        (timedelta(hours=5, minutes=1), False, 120),
        (timedelta(days=5), False, 1440),
    ],
)
def test_a_long_job_has_wider_points_of_a_width_that_cloudwatch_knows(
    length: timedelta, engine: bool, seconds: int
) -> None:
    assert metrics.period_of(length, engine=engine) == seconds
