"""Times on pages are in the reader's own zone and name it; without a known one, and in the API, in UTC."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import JobEvent, TransformJob
from jobs.states import JobState
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
AT = datetime(2025, 1, 16, 2, 52, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_zone_left() -> Iterator[None]:
    yield
    timezone.deactivate()


def reader(house: House, zone: str) -> Client:
    client = house.page("vera")
    client.cookies["zone"] = zone
    return client


def ended(house: House) -> TransformJob:
    job = house.job(JobState.COMPLETED, created_at=AT, started_at=AT, ended_at=AT)
    JobEvent.objects.create(job=job, to_state=JobState.COMPLETED, at=AT)
    return job


@pytest.mark.parametrize(
    ("zone", "clock", "day"),
    [
        ("America/New_York", "21:52:42 EST", "2025-01-15 21:52:42 EST"),
        ("Asia/Kathmandu", "08:37:42 UTC+05:45", "2025-01-16 08:37:42 UTC+05:45"),
        ("America/Sao_Paulo", "23:52:42 UTC-03", "2025-01-15 23:52:42 UTC-03"),
        ("UTC", "02:52:42 UTC", "2025-01-16 02:52:42 UTC"),
        ("", "02:52:42 UTC", "2025-01-16 02:52:42 UTC"),
        ("Mars/Olympus_Mons", "02:52:42 UTC", "2025-01-16 02:52:42 UTC"),
        ("../../../etc/passwd", "02:52:42 UTC", "2025-01-16 02:52:42 UTC"),
    ],
)
def test_a_timeline_names_the_zone_of_whoever_reads_it(house: House, zone: str, clock: str, day: str) -> None:
    page = Page(reader(house, zone).get(ended(house).get_absolute_url()))
    full_times = {node.text: node.get("title") for node in page.all("time")}
    assert full_times[clock] == day


def test_a_list_says_the_day_of_the_reader(house: House) -> None:
    ended(house)
    assert "15 Jan 2025" in reader(house, "America/New_York").get("/jobs/").content.decode()
    assert "16 Jan 2025" in reader(house, "UTC").get("/jobs/").content.decode()


def test_a_csv_has_the_zone_of_the_reader_beside_each_time(house: House) -> None:
    job = ended(house)
    answer = reader(house, "America/New_York").get("/jobs/export.csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(body.splitlines())
    assert row["name"] == job.name
    assert "2025-01-15T21:52:42-05:00" in row.values()


def test_a_day_in_a_filter_is_a_day_of_the_reader(house: House) -> None:
    job = ended(house)
    day = "/jobs/?since=2025-01-15&until=2025-01-15"
    assert job.name in reader(house, "America/New_York").get(day).content.decode()
    assert job.name not in reader(house, "UTC").get(day).content.decode()


def test_the_api_answers_in_utc_whoever_asks(house: House) -> None:
    job = ended(house)
    client = reader(house, "America/New_York")
    client.get("/jobs/")
    answer = client.get(f"/api/v1/jobs/{job.key}/").json()
    assert answer["created_at"] == "2025-01-16T02:52:42Z"


def test_one_reader_s_zone_is_not_the_next_one_s(house: House) -> None:
    job = ended(house)
    reader(house, "America/New_York").get("/jobs/")
    assert "02:52:42 UTC" in house.page("vera").get(job.get_absolute_url()).content.decode()


def test_a_page_that_is_asked_for_again_is_another_in_another_zone(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS, started_at=timezone.now() - timedelta(days=60))
    headers = {"HX-Request": "true"}
    here = reader(house, "UTC").get(job.get_absolute_url(), headers=headers)
    there = reader(house, "Asia/Tokyo").get(
        job.get_absolute_url(), headers={**headers, "If-None-Match": here.headers["ETag"]}
    )
    assert there.status_code == 200


def test_only_a_page_that_can_be_loaded_again_has_that_done(house: House) -> None:
    client = house.page("bob")
    assert 'data-zone="UTC"' in client.get("/jobs/").content.decode()
    after = client.get("/jobs/?q=colour:red", follow=True)
    assert after.status_code == 200
    assert "colour" in after.content.decode()
    assert "data-zone=" not in after.content.decode()
    wrong = client.post("/jobs/new/", {"name": "-"})
    assert "data-zone=" not in wrong.content.decode()
