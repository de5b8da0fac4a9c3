"""When a running job's end is expected: said once enough is written, byte by byte of the input."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.lifecycle.follow.eta import expected_end
from jobs.models import TransformJob
from jobs.pages.sentences import sentence
from jobs.states import JobState
from jobs.templatetags.deck import about, hour
from tests.cast import House
from tests.jobs.following import poll_now
from tests.jobs.running import folder, serving, serving_engine, submitted
from tests.support.engine import EngineProcess
from tests.support.polling import until

__all__ = ["folder", "serving", "serving_engine"]
pytestmark = pytest.mark.django_db
NOW = timezone.now()


def running(house: House, sizes: list[int | None], done: int, **fields: Any) -> TransformJob:
    """A job that has run for ten minutes and written the first `done` of its outputs."""
    known_sizes = [size for size in sizes if size is not None]
    values = {
        "started_at": NOW - timedelta(minutes=10),
        "objects_total": len(sizes),
        "bytes_total": sum(known_sizes) if len(known_sizes) == len(sizes) else None,
    }
    job = house.job(JobState.IN_PROGRESS, **{**values, **fields})
    for position, size in enumerate(sizes):
        job.planned.create(
            position=position,
            key=f"in/{position}",
            output_key=f"out/{position}.out",
            size=size,
            done=position < done,
        )
    return job


@pytest.mark.parametrize(
    ("sizes", "done", "minutes"),
    [
        # A third of the objects, but half of the bytes.
        ([10, 10, 10, 5, 5, 5, 5, 5, 5], 3, 10),
        # Sizes that a manifest does not tell: object by object.
        ([None] * 12, 4, 20),
        ([0] * 12, 4, 20),
        # One large object is left, and it is most of the work.
        ([1, 1, 1, 27], 3, 90),
    ],
    ids=["bytes", "no sizes", "empty", "large"],
)
def test_what_is_left_is_expected_to_go_as_fast_as_what_is_written_did(
    house: House, sizes: list[int | None], done: int, minutes: int
) -> None:
    end = expected_end(running(house, sizes, done), done, NOW)
    assert end is not None
    assert abs(end - NOW - timedelta(minutes=minutes)) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("sizes", "done", "fields"),
    [
        ([1] * 10, 0, {}),
        ([1] * 10, 2, {}),
        ([1] * 100, 4, {}),
        ([1] * 10, 10, {}),
        ([1], 0, {}),
        ([1] * 10, 5, {"plan_complete": False}),
        ([1] * 10, 5, {"objects_total": None}),
        ([1] * 10, 5, {"started_at": None}),
    ],
    ids=["none", "two", "small part", "all", "one object", "more than known", "unknown", "not started"],
)
def test_nothing_is_said_while_there_is_too_little_to_say(
    house: House, sizes: list[int | None], done: int, fields: dict[str, Any]
) -> None:
    assert expected_end(running(house, sizes, done, **fields), done, NOW) is None


def test_pages_and_api_say_it_while_it_is_known(house: House) -> None:
    job = running(house, [1] * 10, 5, objects_done=5, eta=timezone.now() + timedelta(minutes=10))
    address, page, api = f"/jobs/{job.key}/", house.page("vera"), house.api("vera")
    for path in (address, "/jobs/", "/"):
        assert "about 10 min left" in page.get(path).content.decode()
    assert job.eta is not None
    assert sentence(job) == f"5 of 10 objects are written so far; about 10 min left, done at {hour(job.eta)}."
    assert api.get(f"/api/v1{address}").json()["eta"] is not None
    assert api.get("/api/v1/jobs/").json()["results"][0]["eta"] is not None
    for change in (
        {"eta": timezone.now() - timedelta(seconds=1)},
        {"eta": None},
        {"eta": timezone.now() + timedelta(hours=1), "state": JobState.STOPPING},
        {"eta": timezone.now() + timedelta(hours=1), "stop_requested_at": timezone.now()},
        {"eta": timezone.now() + timedelta(hours=1), "state": JobState.FAILED},
    ):
        TransformJob.objects.filter(pk=job.pk).update(**{"state": JobState.IN_PROGRESS, **change})
        assert " left" not in page.get("/jobs/").content.decode(), change
        assert api.get(f"/api/v1{address}").json()["eta"] is None, change


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "about 5 s"),
        (timedelta(seconds=42), "about 40 s"),
        (timedelta(seconds=58), "about 1 min"),
        (timedelta(minutes=89), "about 89 min"),
        (timedelta(minutes=100), "about 1.5 h"),
        (timedelta(hours=35), "about 35 h"),
        (timedelta(days=3, hours=2), "about 3 days"),
    ],
)
def test_an_estimate_is_told_as_roughly_as_it_is_known(length: timedelta, words: str) -> None:
    assert about(length) == words


def test_the_poll_says_it_of_a_job_that_runs(
    serving: House, serving_engine: EngineProcess, folder: str
) -> None:
    bodies = {f"{n:02}": b"1\n" for n in range(12)}
    # The last object's model server never answers: there is a middle to look at.
    job = submitted(serving, serving_engine, folder, {**bodies, "99": b"sleep\n"})

    def estimated() -> bool:
        TransformJob.objects.filter(pk=job.pk).update(counted_at=None)
        poll_now(job.connection)
        job.refresh_from_db()
        return job.eta is not None

    until(estimated, "an expected end")
    assert job.state == JobState.IN_PROGRESS
    serving_engine.client("sagemaker").stop_transform_job(TransformJobName=job.name)
