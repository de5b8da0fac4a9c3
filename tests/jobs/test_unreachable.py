"""An engine that is away: nothing hangs, each job keeps its state, and the reason is a sentence."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from aws.transforms import RemoteJob
from jobs.lifecycle import reconciling
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.follow import finishing, polling
from jobs.lifecycle.queue import starting, stopping
from jobs.models import TransformJob
from jobs.services.errors import Unavailable
from jobs.services.listing.display import for_display
from jobs.states import JobState
from results import job_outputs, logs
from tests.cast import House

pytestmark = pytest.mark.django_db
SAYS_WHY = "The engine at http://127.0.0.1:9 cannot be reached. Check that it is running."


def test_a_job_goes_back_to_waiting_and_says_why(house: House) -> None:
    job = house.job()
    begun = time.monotonic()
    assert starting.start(job.pk) is starting.Started.LATER
    assert time.monotonic() - begun < 10
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    assert job.state_reason == SAYS_WHY
    assert job.tries == 1
    assert job.next_attempt_at is not None
    assert job.next_attempt_at > timezone.now()
    house.connection.refresh_from_db()
    assert house.connection.last_error == SAYS_WHY


def test_it_is_tried_again_ever_more_seldom_but_within_a_minute(house: House) -> None:
    job = house.job(tries=8)
    starting.start(job.pk)
    job.refresh_from_db()
    assert job.next_attempt_at is not None
    assert timedelta(seconds=30) < job.next_attempt_at - timezone.now() < timedelta(seconds=90)


def test_missing_keys_are_named(house: House, engine_keys: Path) -> None:
    engine_keys.unlink()
    job = house.job()
    starting.start(job.pk)
    job.refresh_from_db()
    assert "BATCHDECK_ENGINE_CREDENTIALS" in job.state_reason


def test_a_running_job_keeps_its_state_while_polls_fail(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS)
    polled = polling.poll(house.connection.pk)
    assert polled.problem == SAYS_WHY
    job.refresh_from_db()
    assert job.state == JobState.IN_PROGRESS


def test_a_stop_that_cannot_be_sent_is_kept_and_found_again(house: House) -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    job = house.job(JobState.IN_PROGRESS, stop_requested_at=long_ago)
    assert stopping.stop_remote(job.pk) is False
    job.refresh_from_db()
    assert job.state == JobState.IN_PROGRESS
    assert SAYS_WHY in job.state_reason
    assert reconciling.overdue().stop == [job.pk]


@pytest.mark.parametrize(("ago", "state"), [(1, JobState.IN_PROGRESS), (11, JobState.COMPLETED)])
def test_a_job_ends_once_its_outputs_are_counted_or_trouble_lasted_too_long(
    house: House, engine_keys: Path, ago: int, state: JobState
) -> None:
    now = timezone.now()
    job = house.job(JobState.IN_PROGRESS, started_at=now)
    remote = RemoteJob(
        name=job.name,
        arn="",
        status="Completed",
        failure_reason="",
        created=now,
        started=now,
        ended=now - timedelta(minutes=ago),
        model_name=job.model_name,
        request={},
    )
    finished = finishing.finish(job, remote, JobState.COMPLETED, target_of(house.connection))
    job.refresh_from_db()
    assert job.state == state
    assert finished is (state == JobState.COMPLETED)
    assert job.warning_texts == ([f"The outputs could not be counted: {SAYS_WHY}"] if finished else [])


def test_pages_that_ask_for_outputs_or_logs_get_the_sentence(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS, started_at=timezone.now())
    with pytest.raises(Unavailable, match="cannot be reached"):
        job_outputs.outputs(job)
    with pytest.raises(Unavailable, match="cannot be reached"):
        logs.page(job)


def test_a_connection_is_polled_by_one_at_a_time(house: House) -> None:
    assert house.connection.claim_poll(lease=timedelta(seconds=60))
    assert not house.connection.claim_poll(lease=timedelta(seconds=60))
    assert polling.poll(house.connection.pk).is_done is False


def test_the_lease_of_a_killed_poller_ends(house: House) -> None:
    house.connection.claim_poll(lease=timedelta(seconds=60))
    past = timezone.now() - timedelta(minutes=2)
    type(house.connection).objects.update(poll_lease_until=past, polled_at=past)
    assert house.connection.claim_poll(lease=timedelta(seconds=60))


def test_what_the_broker_lost_is_found(house: House) -> None:
    now = timezone.now()
    forgotten = house.job(created_at=now - timedelta(minutes=1))
    house.job()  # sent a moment ago; its message may still arrive
    due = house.job(next_attempt_at=now - timedelta(seconds=1), state_reason="Throttled.")
    house.job(next_attempt_at=now + timedelta(minutes=10), state_reason="Throttled.")
    orphan = house.job(JobState.SUBMITTING, changed_at=now - timedelta(minutes=5))
    house.job(JobState.SUBMITTING)
    assert reconciling.overdue().start == [forgotten.pk, due.pk, orphan.pk]


def test_a_submitting_job_is_taken_over_only_after_its_lease(house: House) -> None:
    job = house.job(JobState.SUBMITTING)
    assert starting.start(job.pk) is starting.Started.NOT_OURS
    TransformJob.objects.update(changed_at=timezone.now() - timedelta(minutes=5))
    assert starting.start(job.pk) is starting.Started.LATER


def test_jobs_beyond_the_connections_places_wait_for_their_turn(house: House) -> None:
    house.connection.max_running = 1
    house.connection.save()
    house.job(JobState.IN_PROGRESS)
    second, third = house.job(), house.job()
    for job in (second, third):
        assert starting.start(job.pk) is starting.Started.ITS_TURN
    waiting_jobs = list(TransformJob.objects.filter(pk__in=[second.pk, third.pk]).order_by("id"))
    assert [job.state_reason for job in for_display(waiting_jobs)] == [
        "1 of 1 jobs running on Engine; 1st in line.",
        "1 of 1 jobs running on Engine; 2nd in line.",
    ]
    assert reconciling.next_to_start(house.connection) == []
    TransformJob.objects.filter(state=JobState.IN_PROGRESS).update(state=JobState.COMPLETED)
    assert reconciling.next_to_start(house.connection) == [second.pk]
