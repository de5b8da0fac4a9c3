"""How often the parts of a page are polled is one table of the settings."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jobs.states import JobState
from tests.cast import House
from tests.support.engine import CHECKOUT
from tests.support.html import Page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "part", "element", "state", "period"),
    [
        ("/", "home", "home", JobState.WAITING, 0),
        ("/", "home", "home", JobState.COMPLETED, 1),
        ("/jobs/", "jobs", "history", JobState.IN_PROGRESS, 0),
        ("/jobs/", "jobs", "history", JobState.COMPLETED, 1),
        ("/jobs/?group=cause", "causes", "history", JobState.FAILED, 0),
        ("/jobs/KEY/", "job", "job", JobState.IN_PROGRESS, 0),
    ],
)
def test_a_part_of_a_page_is_polled_as_often_as_the_table_says(
    house: House, settings: Any, path: str, part: str, element: str, state: JobState, period: int
) -> None:
    settings.PAGE_POLL_SECONDS = dict.fromkeys(settings.PAGE_POLL_SECONDS, (71, 72)) | {part: (73, 74)}
    job = house.job(state)
    page = Page(house.page("vera").get(path.replace("KEY", str(job.key))))
    assert page.by_id(element).get("hx-trigger") == f"every {(73, 74)[period]}s"


def test_the_script_of_the_metrics_has_its_period_from_the_table(house: House, settings: Any) -> None:
    settings.PAGE_POLL_SECONDS = settings.PAGE_POLL_SECONDS | {"metrics": (73, 74)}
    job = house.job(JobState.IN_PROGRESS)
    page = Page(house.page("vera").get(f"/jobs/{job.key}/metrics/"))
    assert [node.get("data-every") for node in page.all() if node.get("data-every")] == ["73"]


def test_no_template_has_a_period_of_its_own() -> None:
    with_period = [
        path.name
        for path in (CHECKOUT / "templates").rglob("*.html")
        if re.search(r"every (\d|{% if)|data-every=\"(\d|{% if)", path.read_text())
    ]
    assert with_period == []
