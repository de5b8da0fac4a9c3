"""Submitting a failed job again by itself: the next attempt, where the failure may pass and retries are left.

That a retry is due stands in the failed job's row, as `next_attempt_at`, so no lost message forgets it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from failures import FailureKind, classify
from jobs import clock, queries
from jobs.lifecycle.creating import next_attempt_of
from jobs.models import TransformJob
from jobs.states import JobState

#: What passed with an instance type passes with the same one after a while; with another type, at once.
PAUSE = timedelta(minutes=1)
#: Retries of one round.
AT_ONCE = 25


def retry_at(job: TransformJob, failure_reason: str, cost: Decimal | None = None) -> datetime | None:
    """When a job that failed so, at this cost in dollars, is submitted again; None if it is not."""
    failure = classify(failure_reason)
    if not failure.may_pass or job.max_retries == 0 or job.stop_requested_at is not None:
        return None
    if job.max_cost_usd is not None and _left(job.max_cost_usd, cost) is None:
        return None
    changes_type = next_type(job, failure) != job.instance_type
    return timezone.now() + (timedelta() if changes_type else PAUSE)


def next_type(job: TransformJob, failure: FailureKind) -> str:
    """The instance type of the next attempt: where there was no capacity the one after the failed job's, in turn."""
    types: list[str] = list(dict.fromkeys([job.spec["instance_type"], *job.fallback_instance_types]))
    if failure is not FailureKind.CAPACITY or job.instance_type not in types:
        return str(job.instance_type)
    return types[(types.index(job.instance_type) + 1) % len(types)]


def _left(cap: Decimal, cost: Decimal | None) -> Decimal | None:
    """What a further attempt may cost in dollars after one of this cost; None if that is less than a cent."""
    left = cap - (cost or 0)
    return left if left >= Decimal("0.01") else None


def due_retries() -> list[int]:
    """Failed jobs whose time to be submitted again has come."""
    due = TransformJob.objects.filter(clock.due("next_attempt_at", PAUSE), state=JobState.FAILED)
    return list(due.order_by("next_attempt_at").values_list("id", flat=True)[:AT_ONCE])


def retry(job_id: int) -> int | None:
    """Write the next attempt of a failed job; its row's id, or None if someone else has made one."""
    with transaction.atomic():
        job = TransformJob.objects.select_for_update().filter(pk=job_id, state=JobState.FAILED).first()
        if job is None or job.next_attempt_at is None:
            return None
        TransformJob.objects.filter(pk=job.pk).update(next_attempt_at=None)
        # As in an attempt that a person asks for: the first attempt's row is what all of them lock.
        first = TransformJob.objects.select_for_update().get(pk=job.first_id)
        latest = queries.attempts(first).order_by("-attempt").first()
        if latest is not None and latest.pk != job.pk:
            return None
        instance_type = next_type(job, classify(job.state_reason))
        reason = f"Submitted as attempt {job.attempt + 1} of {first.name}, as the failure may pass."
        if instance_type != job.instance_type:
            reason = f"{reason} It asks for {instance_type} instead of {job.instance_type}."
        next_attempt = next_attempt_of(
            job,
            first,
            reason=reason,
            instance_type=instance_type,
            max_retries=job.max_retries - 1,
            # The person set the limit for all attempts that are made without them.
            max_cost_usd=None if job.max_cost_usd is None else _left(job.max_cost_usd, job.cost_usd),
        )
        job.note(f"Submitted again as {next_attempt.name}.")
    return next_attempt.pk
