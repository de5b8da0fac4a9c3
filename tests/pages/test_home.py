"""The first page: each counter leads to what it counts, and trouble is told in words."""

from __future__ import annotations

import gzip
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from jobs.models import Connection, Heartbeat
from jobs.states import JobState
from tests.cast import House
from tests.pages.polls import poll
from tests.pages.test_history import listed_names
from tests.support.html import Page

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def morning(house: House) -> None:
    """A job of each kind that a team looks for in the morning."""
    for name in ("worker", "beat"):
        Heartbeat.beat(name)
    house.job(JobState.IN_PROGRESS, name="runs", started_at=NOW, objects_total=4, objects_done=1)
    house.job(JobState.WAITING, name="waits")
    house.job(JobState.FAILED, name="broke", state_reason="CapacityError: none.", ended_at=NOW)
    house.job(JobState.FAILED, name="broke-before", ended_at=NOW - timedelta(days=2))
    house.job(JobState.FAILED, name="long-ago", ended_at=NOW - timedelta(days=9))
    house.job(
        JobState.COMPLETED,
        name="short",
        ended_at=NOW,
        warnings=[{"code": "rows-differ", "text": "rows differ"}],
    )


def figures(page: Page) -> dict[str, tuple[str, str]]:
    """Number and address of each counter by its word."""
    (box,) = page.of_class("counters")
    counters = {}
    for link in Page.all_below(box, "a"):
        words = [node.text for node in Page.all_below(link, "span")]
        counters[words[0]] = (words[1], str(link.get("href")))
    return counters


def test_each_counter_leads_to_just_the_jobs_that_it_counts(house: House, morning: None) -> None:
    client = house.page("vera")
    counted = figures(Page(client.get("/")))
    assert {word: number for word, (number, _) in counted.items()} == {
        "Running": "1", "Waiting": "1", "Failed": "1", "Needs attention": "1",
    }  # fmt: skip
    names = {"Running": "runs", "Waiting": "waits", "Failed": "broke", "Needs attention": "short"}
    for word, (_, address) in counted.items():
        names_on_page = listed_names(Page(client.get(address)))
        assert names[word] in names_on_page
        assert not (set(names.values()) - {names[word]}) & set(names_on_page), word


def test_what_ended_last_comes_first_whenever_it_was_submitted(house: House, morning: None) -> None:
    house.job(
        JobState.COMPLETED,
        name="long",
        created_at=NOW - timedelta(days=3),
        ended_at=NOW + timedelta(seconds=1),
    )
    links = Page(house.page("vera").get("/")).of_class("cut")
    names = [link.get("aria-label") for link in links if link.get("href").startswith("/jobs/")]
    assert names[-5:] == ["long", "short", "broke", "broke-before", "long-ago"]


def test_failures_of_seven_days_are_grouped_and_lead_to_their_jobs(house: House, morning: None) -> None:
    page = Page(house.page("vera").get("/"))
    links = {node.text: node.get("href") for node in page.all("a")}
    assert (
        links["The region had no such instance to spare"] == "/jobs/?cause=no-capacity&ended=7d&trial=false"
    )
    assert links["No known cause fits"] == "/jobs/?cause=unknown&ended=7d&trial=false"
    assert links["All causes"] == "/jobs/?group=cause&ended=7d&trial=false"
    assert "7 days, 2 jobs" in page.by_id("home").text


def test_this_months_spend_is_told_with_the_dearest_model(house: House, morning: None) -> None:
    now = timezone.now()
    paid = {"started_at": now, "ended_at": now, "instance_seconds": 3600}
    house.job(JobState.COMPLETED, model_name="dear", cost_usd=Decimal("12.50"), **paid)
    house.job(JobState.COMPLETED, model_name="cheap", cost_usd=Decimal("1.25"), **paid)
    page = Page(house.page("vera").get("/"))
    assert page.of_class("amount")[0].text == "$13.75"
    assert page.of_class("sums")[0].text.split() == ["dear", "$12.50", "91", "%", "cheap", "$1.25", "9", "%"]


def test_what_does_not_answer_is_said_in_words(house: House, morning: None) -> None:
    client = house.page("vera")
    calm = Page(client.get("/")).by_id("home").text
    assert "has not been heard" not in calm
    assert "Not polled" in calm
    Heartbeat.objects.filter(name="worker").update(beat_at=NOW - timedelta(hours=1))
    Heartbeat.objects.filter(name="beat").delete()
    Connection.objects.update(last_error="The token has expired.")
    page_text = Page(client.get("/")).by_id("home").text
    assert "The worker was last heard at" in page_text
    assert "The scheduler has not been heard yet" in page_text
    assert "Does not answer" in page_text
    assert "The token has expired." in page_text


def test_a_page_is_sent_compressed_and_a_poll_with_its_tag_is_still_answered_304(house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("vera")
    answer = client.get("/jobs/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"job-0" in gzip.decompress(answer.content)
    statuses = set()
    for _ in range(5):
        etag = poll(client, "/jobs/").headers["ETag"]
        statuses.add(poll(client, "/jobs/", f"W/{etag}").status_code)
    assert 304 in statuses
    sheet = client.get("/jobs/export.csv", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in sheet.headers


def test_below_each_counter_are_its_facts(house: House, morning: None) -> None:
    house.job(JobState.IN_PROGRESS, name="more", started_at=NOW, instance_count=3)
    house.connection.prices.create(instance_type="ml.m5.large", usd_per_hour=Decimal("0.115"))
    texts = [node.text for node in Page(house.page("vera").get("/")).of_class("d")]
    assert texts[0] == "4 instances, $0.46 an hour"
    assert texts[1:] == ["1 for a worker", "of 2 ended in 24 h, 1 cause", "1 with warnings"]


def test_failures_have_their_days_and_the_change_to_try(house: House) -> None:
    change = {"field": "max_payload", "value": "3", "says": "Half as much in a call."}
    job = house.job(JobState.FAILED, cause="out-of-memory", ended_at=NOW, failure={"change": change})
    page = Page(house.page("bob").get("/"))
    (bars,) = page.of_class("day-bars")
    assert str(bars.get("aria-label")).endswith(": 1 failed")
    links = {node.text: node.get("href") for node in page.all("a")}
    tries = [address for text, address in links.items() if text.endswith(": 3")]
    assert tries == [f"/jobs/new/?from={job.key}&change=max_payload&to=3"]
    assert not [node for node in Page(house.page("vera").get("/")).all("a") if node.text.endswith(": 3")]


def test_a_job_that_will_end_after_its_deadline_is_marked(house: House) -> None:
    soon = timezone.now() + timedelta(minutes=50)
    values = {"started_at": NOW, "accepted_at": NOW, "objects_total": 4, "objects_done": 1, "eta": soon}
    house.job(JobState.IN_PROGRESS, name="in-time", deadline_minutes=120, **values)
    house.job(JobState.IN_PROGRESS, name="late", deadline_minutes=30, **values)
    page = Page(house.page("vera").get("/"))
    mark, at_risk = page.of_class("t-warn")
    assert " due " in at_risk.text
    assert "Deadlines at risk" in page.by_id("home").text
    assert str(mark.get("title")).startswith("after its deadline at ")
