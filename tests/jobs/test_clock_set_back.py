"""The clock is set back: times that were written before lie in the future now, and nothing waits for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.lifecycle import reconciling
from jobs.lifecycle.after import comparing, explaining, pricing, retrying
from jobs.lifecycle.follow import event_queue, importing, polling
from jobs.lifecycle.queue import quotas, starting
from jobs.models import Connection, Lease, Quotas, RowComparison, TransformJob
from jobs.states import JobState
from teams import links
from teams.models import SignInLink
from tests.cast import House

pytestmark = pytest.mark.django_db
BACK = timedelta(hours=2)


def test_jobs_are_followed_on(house: House) -> None:
    house.job(JobState.IN_PROGRESS)
    ahead = timezone.now() + BACK
    Connection.objects.update(polled_at=ahead, poll_lease_until=ahead)
    assert polling.poll(house.connection.pk).is_done
    polled_at = Connection.objects.get(pk=house.connection.pk).polled_at
    assert polled_at is not None
    assert polled_at < ahead


def test_a_poll_of_a_moment_ago_still_counts(house: House) -> None:
    assert house.connection.claim_poll(lease=polling.LEASE)
    house.connection.release_poll()
    assert not house.connection.claim_poll(lease=polling.LEASE)


def test_a_poller_whose_lease_has_ended_leaves_that_of_the_next_alone(house: House) -> None:
    late = Connection.objects.get(pk=house.connection.pk)
    assert late.claim_poll(lease=polling.LEASE)
    past = timezone.now() - timedelta(minutes=1)
    late.poll_lease_until = past
    Connection.objects.update(polled_at=past, poll_lease_until=past)
    following = Connection.objects.get(pk=house.connection.pk)
    assert following.claim_poll(lease=polling.LEASE)
    Connection.objects.update(polled_at=past)
    late.poll_lease_until = past
    late.renew_poll(lease=polling.LEASE)
    late.release_poll()
    assert not Connection.objects.get(pk=house.connection.pk).claim_poll(lease=polling.LEASE)
    following.release_poll()
    Connection.objects.update(polled_at=past)
    assert Connection.objects.get(pk=house.connection.pk).claim_poll(lease=polling.LEASE)


def test_a_lease_of_the_future_is_free_and_only_its_holder_gives_it_back(db: None) -> None:
    lease = timedelta(minutes=1)
    first = Lease.claim("rows", lease)
    assert first
    ahead = timezone.now() + BACK
    Lease.objects.update(until=ahead + lease)
    second = Lease.claim("rows", lease)
    assert second
    first.release()
    Lease(name="rows", holder="another").release()
    assert Lease.claim("rows", lease) is None
    second.release()
    assert Lease.claim("rows", lease)


def test_jobs_that_were_put_off_lost_or_not_yet_stopped_are_taken_up(house: House) -> None:
    ahead = timezone.now() + BACK
    put_off = house.job(next_attempt_at=ahead, state_reason="Throttled.")
    fresh = house.job(instance_type="ml.m5.xlarge")
    lost = house.job(JobState.SUBMITTING)
    unsent = house.job(JobState.IN_PROGRESS, stop_requested_at=ahead)
    TransformJob.objects.filter(pk=fresh.pk).update(created_at=ahead)
    TransformJob.objects.filter(pk=lost.pk).update(changed_at=ahead)
    due = reconciling.overdue()
    assert set(due.start) == {put_off.pk, fresh.pk, lost.pk}
    assert due.stop == [unsent.pk]
    assert starting.claim(TransformJob.objects.get(pk=lost.pk)) is None


def test_a_job_that_is_put_off_for_minutes_still_waits(house: House) -> None:
    house.job(next_attempt_at=timezone.now() + timedelta(minutes=15), state_reason="No capacity.")
    assert reconciling.overdue().start == []


def test_failed_jobs_are_explained_and_retried_and_rows_compared(house: House) -> None:
    ahead = timezone.now() + BACK
    failed = house.job(JobState.FAILED, explain_at=ahead, next_attempt_at=ahead)
    ended = house.job(JobState.COMPLETED)
    RowComparison.objects.create(job=ended, try_at=ahead)
    assert explaining.due_jobs() == [failed.pk]
    assert retrying.due_retries() == [failed.pk]
    assert comparing.due_jobs() == [ended.pk]


def test_quotas_prices_queues_and_jobs_made_outside_are_read_again(house: House) -> None:
    ahead = timezone.now() + BACK
    house.job()
    Quotas.objects.create(connection=house.connection, tried_at=ahead)
    assert quotas.due_connections() == [house.connection.pk]
    assert Quotas.claim(house.connection, every=quotas.EVERY)
    values = {"import_external": True, "imported_at": ahead, "prices_read_at": ahead}
    Connection.objects.update(**values)
    assert importing.due_connections() == [house.connection.pk]
    Connection.objects.update(kind=Connection.Kind.AWS, endpoint_url="")
    assert pricing.due_connections() == [house.connection.pk]
    Lease.objects.create(name=f"queue-{house.connection.pk}", until=ahead + event_queue.LEASE)
    assert Lease.claim(f"queue-{house.connection.pk}", event_queue.LEASE)


def test_a_sign_in_link_does_not_live_longer_for_it(house: House) -> None:
    secret = links.create(house.people["bob"]).strip("/").rpartition("/")[2]
    assert links.whose(secret) == house.people["bob"]
    ahead = timezone.now() + BACK
    SignInLink.objects.update(created_at=ahead, expires_at=ahead + links.LIFETIME)
    assert links.whose(secret) is None
    assert links.redeem(secret) is None
