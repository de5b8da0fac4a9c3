"""What the broker may have lost: work that the rows say is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.lifecycle.starting import SUBMIT_LEASE
from jobs.models import Connection, TransformJob
from jobs.states import RUNNING, JobState

#: A task sent at commit has this long before its row counts as forgotten.
GRACE = timedelta(seconds=10)
#: Starts handed out for a connection without a limit in one round.
AT_ONCE = 25


@dataclass(slots=True)
class Due:
    """Ids of jobs to start and to stop."""

    start: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)


def overdue() -> Due:
    """All jobs that should have moved by now, whatever became of their messages."""
    now = timezone.now()
    jobs = TransformJob.objects.order_by("id")
    waiting = (
        jobs.filter(state=JobState.WAITING).order_by().values_list("connection_id", flat=True).distinct()
    )
    due = Due()
    for connection in Connection.objects.filter(pk__in=list(waiting)):
        due.start += next_to_start(connection)
    lost = jobs.filter(state=JobState.SUBMITTING, changed_at__lt=now - SUBMIT_LEASE)
    due.start += lost.values_list("id", flat=True)[:AT_ONCE]
    unsent = jobs.filter(state=JobState.IN_PROGRESS, stop_requested_at__lt=now - GRACE)
    due.stop += unsent.values_list("id", flat=True)[:AT_ONCE]
    return due


def next_to_start(connection: Connection) -> list[int]:
    """The oldest waiting jobs that are due, as many as the connection has places for."""
    now = timezone.now()
    room = AT_ONCE
    if connection.max_running is not None:
        running = TransformJob.objects.filter(connection=connection, state__in=RUNNING).count()
        room = max(0, connection.max_running - running)
    fresh = Q(next_attempt_at=None, created_at__lt=now - GRACE) | Q(next_attempt_at=None, state_reason__gt="")
    rows = TransformJob.objects.filter(
        fresh | Q(next_attempt_at__lte=now), connection=connection, state=JobState.WAITING
    )
    return list(rows.order_by("id").values_list("id", flat=True)[:room])
