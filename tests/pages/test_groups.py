"""Failures by cause, the column chooser, and what a poll of the list reads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.states import JobState, Origin
from tests.cast import House
from tests.pages.polls import poll, settled
from tests.pages.test_history import listed_names, messages
from tests.support.html import Page

pytestmark = pytest.mark.django_db
NOW = timezone.now()
COMMON = "CapacityError: no capacity."


def rows_of(page: Page) -> dict[str, list[str]]:
    """The cells after the first of each row, by its link's text."""
    cells_by_text = {}
    for row in page.all("tr"):
        links = Page.all_below(row, "a")
        if row.get("data-row"):
            cells_by_text[links[0].text] = [
                " ".join(cell.text.split()) for cell in Page.all_below(row, "td")
            ][1:]
    return cells_by_text


@pytest.fixture
def failed(house: House) -> None:
    """Three jobs without capacity, of two models, and one that nothing explains."""
    for days, model in ((1, "churn"), (3, "churn"), (9, "ocr")):
        house.job(
            JobState.FAILED,
            model_name=model,
            state_reason=COMMON,
            ended_at=NOW - timedelta(days=days, hours=1),
        )
    house.job(JobState.FAILED, state_reason="?", ended_at=NOW - timedelta(hours=2), explain_at=NOW)
    house.job(JobState.COMPLETED, ended_at=NOW)


def test_each_cause_is_a_row_that_leads_to_its_jobs(house: House, failed: None) -> None:
    client = house.page("vera")
    page = Page(client.get("/jobs/?group=cause"))
    rows = rows_of(page)
    capacity = rows["The region had no such instance to spare"]
    assert capacity == ["3", "9 days ago", "1 day ago", "churn, ocr"]
    assert rows["No known cause fits"][0] == "1"
    assert "1 with a log that has not been read yet" in page.by_id("history").text
    (link,) = [node.get("href") for node in page.all("a") if node.text.startswith("The region had")]
    assert link == "/jobs/?trial=false&cause=no-capacity"
    assert len(listed_names(Page(client.get(str(link))))) == 3


def test_failed_trials_count_only_where_the_filter_names_them(house: House, failed: None) -> None:
    for origin in (Origin.TRIAL, Origin.SEARCH, Origin.TUNING):
        house.job(JobState.FAILED, origin=origin, state_reason=COMMON, ended_at=NOW - timedelta(hours=1))
    client, title = house.page("vera"), "The region had no such instance to spare"
    for query, count in (("", "3"), ("&ended=30d", "3"), ("&trial=true", "3"), ("&ended=2d", "1")):
        page = Page(client.get(f"/jobs/?group=cause{query}"))
        assert rows_of(page)[title][0] == count, query
        (link,) = [node.get("href") for node in page.all("a") if node.text == title]
        assert str(len(listed_names(Page(client.get(str(link)))))) == count, query
    causes = house.api("vera").get("/api/v1/jobs/causes/").json()["results"]
    assert {row["cause"]: row["count"] for row in causes}["no-capacity"] == 3
    home = Page(client.get("/")).by_id("home").text
    assert "7 days, 3 jobs" in " ".join(home.split())


def test_groups_obey_the_filters(house: House, failed: None) -> None:
    page = Page(house.page("vera").get("/jobs/?group=cause&ended=7d&model=churn"))
    assert rows_of(page)["The region had no such instance to spare"][0] == "2"
    assert "/jobs/?trial=false&model=churn&ended=7d&cause=no-capacity" in [
        node.get("href") for node in page.all("a") if node.text.startswith("The region had")
    ]
    empty = Page(house.page("vera").get("/jobs/?group=cause&model=none-such"))
    assert "No job that matches" in empty.by_id("history").text


def test_groups_show_nothing_of_another_team(house: House, other_house: House, failed: None) -> None:
    assert (
        "No job has failed"
        in Page(other_house.page("charlie").get("/jobs/?group=cause")).by_id("history").text
    )


def test_chosen_columns_are_in_the_table_the_address_and_the_csv(house: House) -> None:
    spec = house.job().spec
    house.job(JobState.FAILED, name="one", state_reason=COMMON, spec={**spec, "tags": {"team": "crm"}})
    client = house.page("vera")
    # The form sends each ticked box, and its button.
    page = Page(client.get("/jobs/?cols=cause&cols=tags&cols=none&name=one"))
    heads = [node.text for node in page.all("th")]
    assert heads == ["Status", "Name", "Failure cause", "Tags"]
    assert "team=crm" in page.by_id("history").text
    sorts = [node.get("href") for node in page.of_class("by")]
    assert all("cols=cause%2Ctags" in str(href) for href in sorts)
    sheet = b"".join(client.get("/jobs/export.csv?cols=cause,tags&name=one").streaming_content).decode()  # type: ignore[attr-defined]
    assert sheet.splitlines()[0] == "id,name,state,state_reason,cause,tags"
    only = Page(client.get("/jobs/?cols=none"))
    assert [node.text for node in only.all("th")] == ["Status", "Name"]
    assert "cols" in " ".join(messages(Page(client.get("/jobs/?cols=colour"))))


def test_a_poll_reads_only_what_it_draws(house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("alice")
    etag = settled(client, "/jobs/")
    with CaptureQueriesContext(database) as unchanged:
        poll(client, "/jobs/", etag)
    # Session, person, membership, whether anything runs, what changed last.
    assert len(unchanged) == 5
    with CaptureQueriesContext(database) as changed:
        assert poll(client, "/jobs/").status_code == 200
    # The same, the rows, what their models usually take, and what they have cost.
    assert len(changed) == 8
    text = " ".join(query["sql"] for query in changed)
    assert "jobs_savedview" not in text


def test_what_needs_attention_is_found_for_seven_days(house: House) -> None:
    fine = {"ended_at": NOW}
    house.job(JobState.COMPLETED, name="fine", **fine)
    house.job(
        JobState.COMPLETED, name="short", warnings=[{"code": "rows-differ", "text": "rows differ"}], **fine
    )
    house.job(
        JobState.COMPLETED,
        name="old",
        warnings=[{"code": "rows-differ", "text": "rows differ"}],
        ended_at=NOW - timedelta(days=8),
    )
    house.job(JobState.IN_PROGRESS, name="silent", idle_warned=True)
    house.job(JobState.STOPPED, name="dear", cost_warned=True, **fine)
    names = listed_names(Page(house.page("vera").get("/jobs/?attention=true&sort=name")))
    assert [name for name in names if name not in ("Name", "Duration", "Submitted")] == [
        "dear",
        "short",
        "silent",
    ]
