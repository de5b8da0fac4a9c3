"""The files tab: what it lists, narrows to, sorts by and says when there is nothing; the same as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from jobs.models import PlannedObject, TransformJob
from jobs.states import JobState
from tests.cast import House
from tests.jobs.test_files import planned
from tests.support.html import Page

pytestmark = pytest.mark.django_db


def look(house: House, job: TransformJob, query: str = "") -> Any:
    return house.page("vera").get(f"/jobs/{job.key}/files/{query}", follow=True)


def rows(answer: Any) -> list[str]:
    page = Page(answer)
    return [
        Page.all_below(row, "td")[1].text for row in page.all("tr") if len(Page.all_below(row, "td")) == 4
    ]


def test_each_narrowing_says_how_many_it_leaves_and_leads_there(house: House) -> None:
    job = planned(house)
    page = Page(look(house, job))
    (nav,) = page.of_class("either")
    offered = {link.text: link.get("href") for link in Page.all_below(nav, "a")}
    assert list(offered) == ["All 25", "Missing 12", "Failed 2", "Rows differ 8"]
    for words, query in offered.items():
        assert len(rows(look(house, job, query))) == int(words.split()[-1]), words


def test_what_failed_is_told_in_the_words_of_the_log(house: House) -> None:
    failed_rows = rows(look(house, planned(house), "?only=failed"))
    assert [row.split(" ", 1) for row in failed_rows] == [
        [f"in/{n:05}.csv", "ClientError: 400 Log"] for n in (5, 15)
    ]


def test_a_long_list_goes_on_where_its_page_ends(house: House) -> None:
    job = planned(house, count=250)
    listed_rows, query = [], "?search=in&sort=-key"
    while query:
        answer = look(house, job, query)
        listed_rows += rows(answer)
        query = next((a.get("href") for a in Page(answer).all("a") if a.get("rel") == "next"), "")
    assert [row[:12] for row in listed_rows] == [f"in/{n:05}.csv" for n in range(249, -1, -1)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?only=missing", "No output is missing."),
        ("?only=failed", "The log names no file that failed."),
        ("?only=rows", "No row count differs."),
        ("?search=zebra", "No file has “zebra” in its key."),
    ],
)
def test_an_empty_list_says_what_is_not_there(house: House, query: str, words: str) -> None:
    job = house.job(JobState.COMPLETED, objects_total=1)
    job.planned.create(position=0, key="in/a", output_key="out/a.out", done=True)
    assert words in Page(look(house, job, query)).by_id("job").text


@pytest.mark.parametrize(
    ("state", "fields", "words"),
    [
        (JobState.WAITING, {}, "The input is listed once the job is accepted."),
        (JobState.COMPLETED, {}, "The input was not listed."),
        (JobState.COMPLETED, {"objects_total": 0}, "The input held no object."),
    ],
)
def test_a_job_without_a_plan_says_why(
    house: House, state: JobState, fields: dict[str, Any], words: str
) -> None:
    assert words in Page(look(house, house.job(state, **fields))).by_id("job").text


def test_an_address_that_cannot_be_used_leads_to_the_whole_list_and_says_why(house: House) -> None:
    job = planned(house)
    answer = look(house, job, "?only=purple")
    assert len(rows(answer)) == 25
    assert "only must be one of missing, failed, rows." in answer.content.decode()


def test_an_input_with_more_files_than_are_kept_says_so(house: House) -> None:
    job = planned(house)
    TransformJob.objects.filter(pk=job.pk).update(objects_total=100_000)
    assert "Of 100,000 objects the first 25 are listed." in Page(look(house, job)).by_id("job").text


def test_the_csv_holds_what_the_list_is_narrowed_to_and_no_formula(house: House) -> None:
    job = planned(house, count=250)
    PlannedObject.objects.filter(job=job, position=1).update(key="=cmd()")
    answer = house.page("vera").get(f"/jobs/{job.key}/files/export.csv?only=missing&sort=key")
    text = b"".join(answer.streaming_content).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["input"] for line in lines][:2] == ["'=cmd()", "in/00003.csv"]
    assert (len(lines), lines[2]["state"], lines[2]["error"]) == (125, "failed", "ClientError: 400")


def test_no_tab_takes_more_queries_for_ten_thousand_files_than_for_three(house: House) -> None:
    few, many = planned(house, count=3), planned(house, count=PlannedObject.LIMIT)
    TransformJob.objects.filter(pk=many.pk).update(objects_total=100_000)
    client = house.page("vera")
    client.get(f"/jobs/{few.key}/")  # A first visit writes down where the session is used.
    for tab in ("", "files/", "files/?only=missing&sort=size", "request/"):
        counts = []
        for job in (few, many):
            with CaptureQueriesContext(database) as captured:
                assert client.get(f"/jobs/{job.key}/{tab}").status_code == 200
            counts.append(len(captured))
        # One of them asks whether the menu offers Data to a viewer.
        assert counts[0] == counts[1] <= 14, tab
