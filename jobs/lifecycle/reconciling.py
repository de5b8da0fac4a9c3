"""Finds work that is due by the rows, whose messages the broker may have lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from jobs.clock import has_passed, passed
from jobs.lifecycle.queue import queueing
from jobs.lifecycle.queue.starting import SUBMIT_LEASE
from jobs.models import Connection, TransformJob
from jobs.states import JobState

#: A message sent at the commit may take this long.
GRACE = timedelta(seconds=10)
#: The most starts of one round for an account and region, or an engine.
AT_ONCE = 25


@dataclass(slots=True)
class Due:
    """Ids of the jobs to start and to stop."""

    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)


def overdue() -> Due:
    """The jobs that should have been started or stopped by now."""
    jobs = TransformJob.objects.order_by("id")
    waiting = (
        jobs.filter(state=JobState.WAITING).order_by().values_list("connection_id", flat=True).distinct()
    )
    due = Due()
    places = {connection.place: connection for connection in Connection.objects.filter(pk__in=list(waiting))}
    for connection in places.values():
        due.start += next_to_start(connection)
    lost = jobs.filter(passed("changed_at", SUBMIT_LEASE), state=JobState.SUBMITTING)
    due.start += lost.values_list("id", flat=True)[:AT_ONCE]
    unsent = jobs.filter(passed("stop_requested_at", GRACE), state=JobState.IN_PROGRESS)
    due.stop += unsent.values_list("id", flat=True)[:AT_ONCE]
    return due


def next_after(connection_id: int, ended_ids: list[int]) -> list[int]:
    """Ids of the jobs whose turn it is after these have ended and given their instances back."""
    connection = Connection.objects.get(pk=connection_id)
    freed = TransformJob.objects.filter(pk__in=ended_ids).values_list("instance_type", flat=True)
    queueing.try_sooner(connection, freed)
    return next_to_start(connection)


def next_to_start(connection: Connection) -> list[int]:
    """Ids of the jobs at this connection's place whose turn it is, without those whose first message may still come."""
    return [
        job.pk
        for job in queueing.next_in_line(connection, AT_ONCE)
        if job.next_attempt_at or job.waits_for or has_passed(job.created_at, GRACE)
    ]
