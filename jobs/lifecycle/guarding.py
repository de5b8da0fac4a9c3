"""Guard rails of running jobs: a deadline, and how long a job may show no sign of life.

Both are looked at in the poll, on the poll's own rows. SageMaker is asked only about a job that looks idle,
and then twice in its whole silence: before the warning and before the stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.gateway import GatewayError, Target, logs
from jobs.lifecycle.counting import count_outputs
from jobs.models import Connection, JobEvent, TransformJob
from jobs.states import JobState

#: A warning comes when this part of the time is over.
WARN_AT = 0.8


@dataclass(frozen=True, slots=True)
class _Rail:
    """How much of its time a job has used: `kind` is the name of its field, `since` when the time began."""

    kind: str
    since: datetime
    minutes: int

    @property
    def used(self) -> float:
        """The part of the time that is over; 1 is all of it."""
        return (timezone.now() - self.since) / timedelta(minutes=self.minutes)

    def warning(self) -> str:
        """What the timeline says before the stop."""
        left = max(1, round(self.minutes * (1 - self.used)))
        if self.kind == "deadline_minutes":
            return f"It is stopped in {left} min, when its {self.minutes} min are over."
        return f"No output and no log line since {self.since:%H:%M:%S} UTC; it is stopped in {left} min."

    def cause(self) -> str:
        """Why it was stopped."""
        if self.kind == "deadline_minutes":
            return f"Stopped at its deadline, {self.minutes} min after SageMaker accepted it."
        return f"Stopped: for {self.minutes} min there was no output and no log line."


def guard(connection: Connection, target: Target) -> list[int]:
    """Warn about the connection's jobs that come near a rail; ids of those whose stop is due now.

    A job whose outputs and log cannot be asked for counts as alive.
    """
    railed = Q(deadline_minutes__isnull=False) | Q(max_idle_minutes__isnull=False)
    jobs = list(
        TransformJob.objects.filter(
            railed, connection=connection, state=JobState.IN_PROGRESS, stop_requested_at=None
        )
    )
    due = [job.pk for job in jobs if (rail := _deadline(job)) and _hold_to(job, rail)]
    for job in jobs:
        rail = _idle(job) if job.pk not in due else None
        if rail is None or rail.used < WARN_AT or (rail.used < 1 and job.idle_warned):
            continue
        if _hold_to(job, _heard_of(job, rail, target)):
            due.append(job.pk)
    return due


def _deadline(job: TransformJob) -> _Rail | None:
    if job.deadline_minutes is None or job.accepted_at is None:
        return None
    return _Rail("deadline_minutes", job.accepted_at, job.deadline_minutes)


def _idle(job: TransformJob) -> _Rail | None:
    if job.max_idle_minutes is None or job.started_at is None:
        return None
    return _Rail(
        "max_idle_minutes", max(job.started_at, job.progress_at or job.started_at), job.max_idle_minutes
    )


def _heard_of(job: TransformJob, rail: _Rail, target: Target) -> _Rail:
    """The rail from the job's last sign of life, as outputs and log tell now; then it is warned anew."""
    try:
        latest = _last_sign(job, rail.since, target)
    except GatewayError:
        # Who cannot be asked may well be at work: no warning, no stop.
        latest = timezone.now()
    if latest <= rail.since:
        return rail
    TransformJob.objects.filter(pk=job.pk).update(progress_at=latest, idle_warned=False)
    job.idle_warned = False
    return _Rail(rail.kind, latest, rail.minutes)


def _last_sign(job: TransformJob, since: datetime, target: Target) -> datetime:
    if count_outputs(job, target) != (job.objects_done or 0):
        return timezone.now()
    times = [stream.last_event for stream in logs.streams(target, job.name) if stream.last_event]
    return max(times, default=since)


def _hold_to(job: TransformJob, rail: _Rail) -> bool:
    """Warn, or wish for the stop; True if the stop was wished for by us."""
    if rail.used < WARN_AT:
        return False
    running = TransformJob.objects.filter(pk=job.pk, state=JobState.IN_PROGRESS, stop_requested_at=None)
    now = timezone.now()
    if rail.used >= 1:
        return running.update(stop_requested_at=now, stop_cause=rail.cause(), changed_at=now) == 1
    warned = "deadline_warned" if rail.kind == "deadline_minutes" else "idle_warned"
    if running.filter(**{warned: False}).update(**{warned: True, "changed_at": now}) == 1:
        job.note(rail.warning(), JobEvent.Kind.WARNING)
    return False
