"""Automatic retries: the next attempt of a failed job, if the failure may pass and retries are left.

The failed row's `next_attempt_at` says when a retry is due, so a lost message loses nothing.
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

#: The wait before a retry on the same instance type; on another type it starts at once.
PAUSE = timedelta(minutes=1)
#: The most retries of one round.
AT_ONCE = 25


def retry_at(job: TransformJob, failure_reason: str, cost: Decimal | None = None) -> datetime | None:
    """When the job is submitted again after this failure; None if it is not. `cost` is in US dollars."""
    failure = classify(failure_reason)
    if not failure.may_pass or job.max_retries == 0 or job.stop_requested_at is not None:
        return None
    if job.max_cost_usd is not None and _rest_of(job.max_cost_usd, cost) is None:
        return None
    changes_type = next_type(job, failure) != job.instance_type
    return timezone.now() + (timedelta() if changes_type else PAUSE)


def next_type(job: TransformJob, failure: FailureKind) -> str:
    """The instance type of the next attempt: the next fallback after a lack of capacity, else the same type."""
    types: list[str] = list(dict.fromkeys([job.spec["instance_type"], *job.fallback_instance_types]))
    if failure is not FailureKind.CAPACITY or job.instance_type not in types:
        return str(job.instance_type)
    return types[(types.index(job.instance_type) + 1) % len(types)]


def _rest_of(cap: Decimal, cost: Decimal | None) -> Decimal | None:
    """The dollars that a further attempt may cost after one of this cost; None if they are less than a cent."""
    dollars = cap - (cost or 0)
    return dollars if dollars >= Decimal("0.01") else None


def due_retries() -> list[int]:
    """Ids of the failed jobs that are to be submitted again now."""
    due = TransformJob.objects.filter(clock.due("next_attempt_at", PAUSE), state=JobState.FAILED)
    return list(due.order_by("next_attempt_at").values_list("id", flat=True)[:AT_ONCE])


def retry(job_id: int) -> int | None:
    """Write the next attempt of a failed job. Returns its row's id; None if another attempt has been made."""
    with transaction.atomic():
        job = TransformJob.objects.select_for_update().filter(pk=job_id, state=JobState.FAILED).first()
        if job is None or job.next_attempt_at is None:
            return None
        TransformJob.objects.filter(pk=job.pk).update(next_attempt_at=None)
        # An attempt that a person asks for locks the first attempt's row too.
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
            max_cost_usd=None if job.max_cost_usd is None else _rest_of(job.max_cost_usd, job.cost_usd),
        )
        job.note(f"Submitted again as {next_attempt.name}.")
    return next_attempt.pk
