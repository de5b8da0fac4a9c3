"""Following a connection's jobs: two lists, and a Describe only where something changed.

The number of calls grows with jobs / 100, not with jobs.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from django.utils import timezone

from aws import GatewayError, Paced, Target, transforms
from aws.transforms import RemoteJob, RemoteSummary
from jobs.batches import batched
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.follow import importing
from jobs.lifecycle.follow.counting import count_some
from jobs.lifecycle.follow.finishing import finish, vanish
from jobs.lifecycle.follow.guarding import guard
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection, TransformJob
from jobs.states import FROM_SAGEMAKER, REMOTE, TERMINAL, JobState

#: Longer than a call may usually take, and renewed between calls: what a killed worker held is free soon. Should
#: two poll the same connection after all, the guarded moves keep the rows right.
LEASE = timedelta(seconds=20)
#: Seconds after which a lease in use is renewed.
RENEW = 5.0
#: Within its time limit a task describes what it can; the rest is seen in the next poll.
SECONDS = 35.0
#: SQLite takes 32,766 parameters in one statement at most.
_ROWS_AT_ONCE = 1000
_LISTED: tuple[Literal["InProgress", "Stopping"], ...] = ("InProgress", "Stopping")


@dataclass(slots=True)
class Polled:
    """What a poll found. `ended` jobs made room, those `to_stop` reached a guard rail;
    a poll that another task holds was not `done`, one that was `cut_short` by our own rate goes on next time."""

    done: bool = False
    cut_short: bool = False
    problem: str = ""
    ended: list[int] = field(default_factory=list)
    to_stop: list[int] = field(default_factory=list)


def poll(connection_id: int) -> Polled:
    """Bring the connection's running jobs up to date, unless another task is doing so or did just now."""
    polled = Polled()
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or not connection.claim_poll(lease=LEASE):
        return polled
    try:
        with asking(connection, Pace.AFTER) as target:
            _follow(connection, target, polled.ended)
            count_some(connection, target)
            polled.to_stop = guard(connection, target)
            if importing.is_due(connection):
                importing.import_some(connection, target)
    except Paced:
        polled.cut_short = True
    except GatewayError as error:
        polled.problem = error.sentence
        connection.note(error=error.sentence)
    else:
        connection.note()
    finally:
        connection.release_poll()
    polled.done = True
    return polled


def look(connection_id: int, names: list[str]) -> Polled:
    """Ask about these jobs at once, since something told that they changed. Guarded moves keep it right beside a poll.

    A name that nobody here knows is a job made outside.
    """
    polled = Polled()
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        return polled
    rows = TransformJob.objects.filter(connection=connection, name__in=names)
    try:
        with asking(connection, Pace.AFTER) as target:
            for job in rows.filter(state__in=REMOTE).select_related("connection", "stop_requested_by"):
                if _update(job, transforms.describe(target, job.name), None, target):
                    polled.ended.append(job.pk)
            if connection.import_external and rows.count() < len(set(names)):
                importing.import_some(connection, target)
    except Paced:
        polled.cut_short = True
    except GatewayError as error:
        polled.problem = error.sentence
    polled.done = True
    return polled


def due_connections() -> list[int]:
    """Connections with jobs in SageMaker's hands, or to be searched for jobs; `claim_poll` decides when."""
    running = TransformJob.objects.filter(state__in=REMOTE)
    following = running.order_by().values_list("connection_id", flat=True).distinct()
    return sorted({*following, *importing.due_connections()})


class _Lease:
    """The right to poll, kept for as long as something is done with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._began = self._renewed = time.monotonic()

    def keep(self) -> float:
        """Renew it where that is due; seconds since the poll began."""
        now = time.monotonic()
        if now > self._renewed + RENEW:
            self._connection.renew_poll(lease=LEASE)
            self._renewed = now
        return now - self._began


def _follow(connection: Connection, target: Target, ended: list[int]) -> None:
    """Bring rows up to date; jobs that end are added to `ended` as they are found, whatever comes after."""
    tracked = list(
        TransformJob.objects.filter(connection=connection, state__in=REMOTE)
        .select_related("stop_requested_by")
        .order_by("remote_modified_at", "id")
    )
    if not tracked:
        return
    lease = _Lease(connection)
    listed = _listed(target, lease)
    _tell_why(tracked, listed)
    for job in tracked:
        summary = listed.get(job.name)
        if summary is not None and summary.modified == job.remote_modified_at:
            continue
        if lease.keep() > SECONDS:
            break
        if _update(job, transforms.describe(target, job.name), summary, target):
            ended.append(job.pk)


def _tell_why(tracked: list[TransformJob], listed: dict[str, RemoteSummary]) -> None:
    """Write to the rows what jobs in progress wait for, where that has changed: one UPDATE for each reason."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for job in tracked:
        summary = listed.get(job.name)
        if summary is not None and job.state == JobState.IN_PROGRESS and summary.reason != job.state_reason:
            waiting[summary.reason].append(job.pk)
    for reason, ids in waiting.items():
        # Of a job that is to stop, the row says how that goes.
        rows = TransformJob.objects.filter(state=JobState.IN_PROGRESS, stop_requested_at=None)
        for batch in batched(ids, _ROWS_AT_ONCE):
            rows.filter(pk__in=batch).update(state_reason=reason, changed_at=timezone.now())


def _listed(target: Target, lease: _Lease) -> dict[str, RemoteSummary]:
    found: dict[str, RemoteSummary] = {}
    for status in _LISTED:
        for row in transforms.list_by_status(target, status):
            found[row.name] = row
            lease.keep()
    return found


def _update(job: TransformJob, remote: RemoteJob | None, seen: RemoteSummary | None, target: Target) -> bool:
    """Write what SageMaker knows to the row; True if the job has ended."""
    if remote is None:
        return vanish(job)
    state = FROM_SAGEMAKER[remote.status]
    if state in TERMINAL:
        return finish(job, remote, state, target)
    TransformJob.objects.filter(pk=job.pk, state__in=REMOTE).update(
        started_at=remote.started,
        accepted_at=remote.created or job.accepted_at,
        remote_modified_at=seen.modified if seen else None,
        changed_at=timezone.now(),
    )
    if state == JobState.STOPPING:
        job.move(JobState.STOPPING, from_={JobState.IN_PROGRESS})
    return False
