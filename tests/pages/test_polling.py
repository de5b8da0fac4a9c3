"""The parts of pages that ask again by themselves: nothing is sent twice, and no change is missed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from jobs.pages.polling import version
from jobs.states import JobState
from tests.cast import House
from tests.pages.polls import poll, settled
from tests.support.html import Page

pytestmark = pytest.mark.django_db
TABS = ["", "files/", "results/", "logs/", "metrics/", "request/", "activity/"]


def paths(job: TransformJob) -> list[str]:
    return ["/", "/jobs/", *(f"/jobs/{job.key}/{tab}" for tab in TABS)]


@pytest.mark.parametrize("state", [JobState.IN_PROGRESS, JobState.COMPLETED])
def test_a_poll_is_answered_304_while_nothing_changes(house: House, state: JobState) -> None:
    job = house.job(state)
    client = house.page("vera")
    for path in paths(job):
        settled(client, path)


def moved(job: TransformJob) -> None:
    assert job.move(JobState.COMPLETED, from_={JobState.IN_PROGRESS}, ended_at=timezone.now())


def written(job: TransformJob) -> None:
    TransformJob.objects.filter(pk=job.pk).update(objects_total=3, objects_done=2)


def asked_to_stop(job: TransformJob) -> None:
    now = timezone.now()
    TransformJob.objects.filter(pk=job.pk).update(stop_requested_at=now, changed_at=now)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("change", [moved, written, asked_to_stop])
def test_a_change_of_the_job_is_sent_to_its_page(
    house: House, change: Callable[[TransformJob], None], tab: str
) -> None:
    job = house.job(JobState.IN_PROGRESS)
    client = house.page("vera")
    path = f"/jobs/{job.key}/{tab}"
    before = settled(client, path)
    change(job)
    after = poll(client, path, before)
    assert after.status_code == 200
    assert after.headers["ETag"] != before


@pytest.mark.parametrize("path", ["/", "/jobs/", "/jobs/?state=ended"])
def test_a_change_of_any_job_of_the_team_is_sent_to_the_lists(house: House, path: str) -> None:
    house.job(JobState.FAILED)
    running = house.job(JobState.IN_PROGRESS, name="the-one-that-ends")
    client = house.page("vera")
    before = settled(client, path)
    moved(running)
    after = poll(client, path, before)
    assert after.status_code == 200
    assert "the-one-that-ends" in after.content.decode()
    again = settled(client, path)
    house.job(JobState.FAILED, name="a-new-one", ended_at=timezone.now())
    after = poll(client, path, again)
    assert (after.status_code, "a-new-one" in after.content.decode()) == (200, True)


def test_another_teams_jobs_are_no_change(house: House, other_house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("vera")
    answers = []
    for _ in range(3):  # one may fall on the turn of a minute
        before = settled(client, "/jobs/")
        other_house.job(JobState.IN_PROGRESS)
        answers.append(poll(client, "/jobs/", before).status_code)
    assert 304 in answers


@pytest.mark.parametrize(("ticking", "seconds"), [(True, 5), (False, 60)])
def test_times_told_as_distance_are_renewed(
    monkeypatch: pytest.MonkeyPatch, ticking: bool, seconds: int
) -> None:
    """A list where nothing happens would say "just now" for ever."""
    at = 1_700_000_040.0
    versions = []
    for passed in (0, seconds - 1, seconds):
        monkeypatch.setattr(time, "time", lambda now=at + passed: now)
        versions.append(version("jobs", ticking=ticking))
    assert versions[0] == versions[1] != versions[2]


def test_each_filter_has_an_etag_of_its_own(house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("vera")
    assert settled(client, "/jobs/?state=ended") != settled(client, "/jobs/?state=failed")


def test_a_poll_gets_the_part_alone_and_is_kept_from_shared_caches(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS)
    client = house.page("vera")
    for path, part in zip(paths(job), ["home", "history", *["job" for _ in TABS]], strict=True):
        answer = poll(client, path)
        assert Page(answer).all()[0].get("id") == part
        assert "<html" not in answer.content.decode()
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"HX-Request", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_a_page_stops_asking_once_its_job_has_ended(house: House) -> None:
    client = house.page("vera")
    running, ended = house.job(JobState.IN_PROGRESS), house.job(JobState.COMPLETED)
    assert Page(client.get(f"/jobs/{running.key}/")).by_id("job").get("hx-get") == f"/jobs/{running.key}/"
    assert not Page(client.get(f"/jobs/{ended.key}/")).by_id("job").get("hx-get")
    assert Page(client.get("/jobs/?state=ended")).by_id("history").get("hx-get") == "/jobs/?state=ended"
