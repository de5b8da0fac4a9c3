"""Guard rails of running jobs: a deadline, a cost cap, and the longest time without a sign of life.

Each poll checks them on its own rows. Only a job that seems idle costs calls, and only twice in its whole silence:
before the warning and before the stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db.models import Q
from django.utils import timezone

from aws import GatewayError, Target, logs
from jobs import queries
from jobs.costs import HOUR, dollars
from jobs.lifecycle.after import costing
from jobs.lifecycle.follow.counting import count_outputs
from jobs.models import Connection, JobEvent, TransformJob
from jobs.models.job import JobQuerySet
from jobs.states import JobState

#: The used part of a rail at which the warning comes.
WARN_AT = 0.8
#: For each rail's column, the column that says whether its warning was given.
_WARNED = {
    "deadline_minutes": "deadline_warned",
    "max_cost_usd": "cost_warned",
    "max_idle_minutes": "idle_warned",
}


class _Rail(Protocol):
    """A limit, and how much of it a job has used. `kind` is the name of the limit's column."""

    @property
    def kind(self) -> str: ...

    @property
    def used(self) -> float:
        """The used part, from 0; 1 is the whole limit."""

    def warning(self) -> str:
        """The sentence for the timeline before the stop."""

    def cause(self) -> str:
        """The sentence that says why the job was stopped."""


@dataclass(frozen=True, slots=True)
class _Time:
    """A limit of `minutes`, counted from `since`."""

    kind: str
    since: datetime
    minutes: int

    @property
    def used(self) -> float:
        """The part of the time that is over, from 0; 1 is the whole limit."""
        return (timezone.now() - self.since) / timedelta(minutes=self.minutes)

    def warning(self) -> str:
        """The sentence for the timeline before the stop."""
        minutes_left = max(1, round(self.minutes * (1 - self.used)))
        if self.kind == "deadline_minutes":
            return f"It is stopped in {minutes_left} min, when its {self.minutes} min are over."
        return (
            f"No output and no log line since {self.since:%H:%M:%S} UTC; it is stopped in {minutes_left} min."
        )

    def cause(self) -> str:
        """The sentence that says why the job was stopped."""
        if self.kind == "deadline_minutes":
            return f"Stopped at its deadline, {self.minutes} min after SageMaker accepted it."
        return f"Stopped: for {self.minutes} min there was no output and no log line."


@dataclass(frozen=True, slots=True)
class _Money:
    """A limit of US dollars; `price` is the price of all instances of the job for an hour."""

    spent: Decimal
    cap: Decimal
    price: Decimal
    kind: str = "max_cost_usd"

    @property
    def used(self) -> float:
        """The part that is spent, from 0; 1 is the whole limit."""
        return float(self.spent / self.cap)

    def warning(self) -> str:
        """The sentence for the timeline before the stop."""
        minutes_left = max(1, round((self.cap - self.spent) / self.price * HOUR / 60))
        return (
            f"It has cost {dollars(self.spent)} of {dollars(self.cap)}; it is stopped in {minutes_left} min."
        )

    def cause(self) -> str:
        """The sentence that says why the job was stopped."""
        return f"Stopped at its cost cap: it has cost {dollars(self.spent)} of {dollars(self.cap)}."


def guard(connection: Connection, target: Target) -> list[int]:
    """Warn about the connection's jobs that come near a limit, and return the ids of those to be stopped now.

    A job counts as alive while its outputs and log cannot be read.
    """
    has_rail = Q(deadline_minutes__isnull=False) | Q(max_idle_minutes__isnull=False)
    has_rail |= Q(max_cost_usd__isnull=False)
    jobs = list(
        TransformJob.objects.filter(
            has_rail, connection=connection, state=JobState.IN_PROGRESS, stop_requested_at=None
        ).select_related("connection")
    )
    prices = costing.current_prices(job for job in jobs if job.max_cost_usd is not None)
    for job in jobs:
        if job.pk in prices:
            job.price_now = prices[job.pk]
    due = [
        job.pk for job in jobs if any(_hold_to(job, rail) for rail in (_deadline(job), _money(job)) if rail)
    ]
    for job in jobs:
        rail = _idle(job) if job.pk not in due else None
        if rail is None or rail.used < WARN_AT or (rail.used < 1 and job.idle_warned):
            continue
        if _hold_to(job, _after_last_sign(job, rail, target)):
            due.append(job.pk)
    return due


def _deadline(job: TransformJob) -> _Time | None:
    if job.deadline_minutes is None or job.accepted_at is None:
        return None
    return _Time("deadline_minutes", job.accepted_at, job.deadline_minutes)


def _money(job: TransformJob) -> _Money | None:
    if job.max_cost_usd is None or job.started_at is None:
        return None
    cost = job.cost
    if cost.amount is None or cost.price is None:
        _warn_of_missing_price(job)
        return None
    return _Money(cost.amount, job.max_cost_usd, cost.price * job.instance_count)


def _warn_of_missing_price(job: TransformJob) -> None:
    # The price was there when the job was submitted. Without it, the cap cannot be held.
    if not job.cost_warned and _warn_once(job, "cost_warned"):
        job.note(
            f"Its cost cap does not hold: {job.connection.name} has no price for {job.instance_type} any more.",
            JobEvent.Kind.WARNING,
        )


def _idle(job: TransformJob) -> _Time | None:
    if job.max_idle_minutes is None or job.started_at is None:
        return None
    return _Time(
        "max_idle_minutes", max(job.started_at, job.progress_at or job.started_at), job.max_idle_minutes
    )


def _after_last_sign(job: TransformJob, rail: _Time, target: Target) -> _Time:
    """The rail counted from the latest output or log line; a new sign of life allows another warning."""
    try:
        latest = _last_sign(job, rail.since, target)
    except GatewayError:
        # The job may well be at work: no warning, no stop.
        latest = timezone.now()
    if latest <= rail.since:
        return rail
    TransformJob.objects.filter(pk=job.pk).update(progress_at=latest, idle_warned=False)
    job.idle_warned = False
    return _Time(rail.kind, latest, rail.minutes)


def _last_sign(job: TransformJob, since: datetime, target: Target) -> datetime:
    if count_outputs(job, target) != (job.objects_done or 0):
        return timezone.now()
    times = [stream.last_event for stream in logs.streams(target, job.name) if stream.last_event]
    return max(times, default=since)


def _hold_to(job: TransformJob, rail: _Rail) -> bool:
    """Write the warning, or the wish to stop, that is due; True if this call wrote the wish."""
    if rail.used < WARN_AT:
        return False
    if rail.used >= 1:
        now = timezone.now()
        return _running(job).update(stop_requested_at=now, stop_cause=rail.cause(), changed_at=now) == 1
    if _warn_once(job, _WARNED[rail.kind]):
        job.note(rail.warning(), JobEvent.Kind.WARNING)
    return False


def _warn_once(job: TransformJob, column: str) -> bool:
    """Set the column that says that the warning was given; False if it was set already."""
    unwarned = _running(job).filter(**{column: False})
    if unwarned.update(**{column: True, "changed_at": timezone.now()}) != 1:
        return False
    queries.settle(job)
    return True


def _running(job: TransformJob) -> JobQuerySet:
    return TransformJob.objects.filter(pk=job.pk, state=JobState.IN_PROGRESS, stop_requested_at=None)
