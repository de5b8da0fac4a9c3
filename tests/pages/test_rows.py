"""What the list's rows and the bar tell the script that keeps them still and counts what is ticked."""

from __future__ import annotations

import pytest

from jobs.states import JobState
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def test_each_row_says_which_job_it_is_and_news_wait_behind_a_button(house: House) -> None:
    jobs = [house.job(JobState.COMPLETED) for _ in range(3)]
    page = Page(house.page("vera").get("/jobs/"))
    rows = [node.get("data-row") for node in page.all("tr") if node.get("data-row")]
    assert rows == [job.key for job in reversed(jobs)]
    (button,) = page.of_class("pill-new")
    assert "hidden" in button.attributes
    assert {"j", "k", "x", "?"} <= {node.text for node in Page.all_below(page.by_id("keys"), "kbd")}
