"""Follows a connection's jobs with two lists, and a Describe only for a job that has changed.

The number of calls grows with a hundredth of the number of jobs.
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
from jobs.lifecycle.follow.finishing import fail_lost_job, finish
from jobs.lifecycle.follow.guarding import guard
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection, TransformJob
from jobs.states import FROM_SAGEMAKER, REMOTE, TERMINAL, JobState

#: Longer than a call usually takes, and renewed between calls, so that a killed worker's lease is soon free. If two
#: tasks poll a connection after all, the guarded moves keep the rows right.
LEASE = timedelta(seconds=20)
#: Seconds after which a lease in use is renewed.
RENEW = 5.0
#: After this time no further job is described; the next poll goes on.
SECONDS = 35.0
#: SQLite takes 32,766 parameters in one statement at most.
_ROWS_AT_ONCE = 1000
_LISTED: tuple[Literal["InProgress", "Stopping"], ...] = ("InProgress", "Stopping")


@dataclass(slots=True)
class PollResult:
    """The result of a poll. `ended` and `to_stop` are ids of jobs; those `to_stop` have reached a guard rail.

    `is_done` is False if another task polls the connection; `cut_short` is True if our own rate of calls ended the
    poll.
    """

    is_done: bool = False
    cut_short: bool = False
    problem: str = ""
    ended: list[int] = field(default_factory=list)
    to_stop: list[int] = field(default_factory=list)


def poll(connection_id: int) -> PollResult:
    """Bring the connection's running jobs up to date, unless another task is doing so or has just done so."""
    result = PollResult()
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None or not connection.claim_poll(lease=LEASE):
        return result
    try:
        with asking(connection, Pace.AFTER) as target:
            _follow(connection, target, result.ended)
            count_some(connection, target)
            result.to_stop = guard(connection, target)
            if importing.is_due(connection):
                importing.import_some(connection, target)
    except Paced:
        result.cut_short = True
    except GatewayError as error:
        result.problem = error.sentence
        connection.note(error=error.sentence)
    else:
        connection.note()
    finally:
        connection.release_poll()
    result.is_done = True
    return result


def describe_jobs(connection_id: int, names: list[str]) -> PollResult:
    """Describe these jobs now, as an event said that they changed. It may run beside a poll: moves are guarded.

    An unknown name is a job made outside, for which the connection is searched.
    """
    result = PollResult()
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        return result
    rows = TransformJob.objects.filter(connection=connection, name__in=names)
    try:
        with asking(connection, Pace.AFTER) as target:
            for job in rows.filter(state__in=REMOTE).select_related("connection", "stop_requested_by"):
                if _update(job, transforms.describe(target, job.name), None, target):
                    result.ended.append(job.pk)
            if connection.import_external and rows.count() < len(set(names)):
                importing.import_some(connection, target)
    except Paced:
        result.cut_short = True
    except GatewayError as error:
        result.problem = error.sentence
    result.is_done = True
    return result


def due_connections() -> list[int]:
    """Ids of the connections with running jobs, or to be searched for jobs; `claim_poll` says when."""
    running = TransformJob.objects.filter(state__in=REMOTE)
    following = running.order_by().values_list("connection_id", flat=True).distinct()
    return sorted({*following, *importing.due_connections()})


class _Lease:
    """The lease of a poll, renewed while the poll goes on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._began = self._renewed = time.monotonic()

    def keep(self) -> float:
        """Renew the lease if that is due; returns the seconds since the poll began."""
        now = time.monotonic()
        if now > self._renewed + RENEW:
            self._connection.renew_poll(lease=LEASE)
            self._renewed = now
        return now - self._began


def _follow(connection: Connection, target: Target, ended_ids: list[int]) -> None:
    """Bring rows up to date. Ids of ended jobs are added to `ended_ids` at once, so that a later error loses none."""
    tracked = list(
        TransformJob.objects.filter(connection=connection, state__in=REMOTE)
        .select_related("stop_requested_by")
        .order_by("remote_modified_at", "id")
    )
    if not tracked:
        return
    lease = _Lease(connection)
    listed = _listed(target, lease)
    _write_reasons(tracked, listed)
    for job in tracked:
        summary = listed.get(job.name)
        if summary is not None and summary.modified == job.remote_modified_at:
            continue
        if lease.keep() > SECONDS:
            break
        if _update(job, transforms.describe(target, job.name), summary, target):
            ended_ids.append(job.pk)


def _write_reasons(tracked: list[TransformJob], listed: dict[str, RemoteSummary]) -> None:
    """Write what jobs in progress wait for, where it has changed; one UPDATE for each reason."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for job in tracked:
        summary = listed.get(job.name)
        if summary is not None and job.state == JobState.IN_PROGRESS and summary.reason != job.state_reason:
            waiting[summary.reason].append(job.pk)
    for reason, ids in waiting.items():
        # The reason of a job that is to stop is about the stop.
        rows = TransformJob.objects.filter(state=JobState.IN_PROGRESS, stop_requested_at=None)
        for batch in batched(ids, _ROWS_AT_ONCE):
            rows.filter(pk__in=batch).update(state_reason=reason, changed_at=timezone.now())


def _listed(target: Target, lease: _Lease) -> dict[str, RemoteSummary]:
    summaries: dict[str, RemoteSummary] = {}
    for status in _LISTED:
        for summary in transforms.list_by_status(target, status):
            summaries[summary.name] = summary
            lease.keep()
    return summaries


def _update(
    job: TransformJob, remote: RemoteJob | None, summary: RemoteSummary | None, target: Target
) -> bool:
    """Write what SageMaker reports to the row; True if the job has ended."""
    if remote is None:
        return fail_lost_job(job)
    state = FROM_SAGEMAKER[remote.status]
    if state in TERMINAL:
        return finish(job, remote, state, target)
    TransformJob.objects.filter(pk=job.pk, state__in=REMOTE).update(
        started_at=remote.started,
        accepted_at=remote.created or job.accepted_at,
        remote_modified_at=summary.modified if summary else None,
        changed_at=timezone.now(),
    )
    if state == JobState.STOPPING:
        job.move(JobState.STOPPING, from_={JobState.IN_PROGRESS})
    return False
