"""Imports jobs that were made outside Batchdeck, which are shown but never changed.

SageMaker's list is read window by window of creation times, from some weeks back up to now. Jobs that other teams
submitted here to the same account carry our tag and are not imported.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from aws import Target, transforms
from aws.transforms import RemoteJob, RemoteSummary
from jobs.batches import batched
from jobs.clock import has_passed
from jobs.lifecycle.after import costing, explaining
from jobs.lifecycle.creating import create_job
from jobs.models import Connection, TransformJob
from jobs.models.job_values import JOB_TAG
from jobs.states import FROM_SAGEMAKER, TERMINAL, JobState
from transform.request import read_request

#: The age of the oldest jobs that a new connection imports.
BACKFILL = timedelta(days=30)
#: Creation times of one listing: short enough to be read in a few calls of a hundred.
WINDOW = timedelta(days=1)
#: This much is read again, as new jobs may be listed late and clocks differ.
OVERLAP = timedelta(minutes=2)
#: After this time the next search goes on.
SECONDS = 10.0


def due_connections() -> list[int]:
    """Ids of the connections whose next search is due."""
    return [
        connection.pk for connection in Connection.objects.filter(import_external=True) if is_due(connection)
    ]


def is_due(connection: Connection) -> bool:
    """Whether it is time to search for jobs made outside."""
    if not connection.import_external:
        return False
    return connection.imported_at is None or has_passed(connection.imported_at, connection.import_interval)


def import_some(connection: Connection, target: Target) -> list[int]:
    """Go on from the end of the last search, and return the ids of the new rows. Raises GatewayError."""
    # Written first: a search that fails is not repeated at once.
    Connection.objects.filter(pk=connection.pk).update(imported_at=timezone.now())
    deadline = time.monotonic() + SECONDS
    imported_ids: list[int] = []
    # A time further ahead was written before the clock was set back; with it, new jobs would be left out.
    since = min(connection.imported_until or connection.created_at - BACKFILL, timezone.now() + OVERLAP)
    while time.monotonic() < deadline:
        now = timezone.now()
        until = min(since + WINDOW, now)
        window_end = _import_window(connection, target, since - OVERLAP, until, deadline, imported_ids)
        since = window_end
        Connection.objects.filter(pk=connection.pk).update(imported_until=window_end)
        if window_end >= now:
            break
    return imported_ids


def _import_window(
    connection: Connection,
    target: Target,
    after: datetime,
    before: datetime,
    deadline: float,
    imported_ids: list[int],
) -> datetime:
    """Import the jobs created in between; returns the time up to which all are known."""
    for page in batched(list(transforms.list_created(target, after, before)), 100):
        known_names = _known_names(connection, page)
        for row in page:
            if row.name in known_names or not target.scope.allows_job(row.name):
                continue
            if time.monotonic() > deadline:
                return row.created or after
            job = _import(connection, target, row.name)
            if job is not None:
                imported_ids.append(job.pk)
    return before


def _known_names(connection: Connection, page: list[RemoteSummary]) -> set[str]:
    """Names of this connection's own rows, and of jobs that other connections submitted to the same account."""
    jobs = TransformJob.objects.filter(name__in=[row.name for row in page])
    same_place = Connection.objects.filter(
        kind=connection.kind, region=connection.region, endpoint_url=connection.endpoint_url
    )
    neighbour_jobs = jobs.filter(connection__in=same_place, arn__in=[row.arn for row in page], external=False)
    return {
        *jobs.filter(connection=connection).values_list("name", flat=True),
        *neighbour_jobs.values_list("name", flat=True),
    }


def _import(connection: Connection, target: Target, name: str) -> TransformJob | None:
    remote = transforms.describe(target, name)
    if remote is None:
        return None
    tags = transforms.tags(target, remote.arn)
    # Another team's job, or one of ours under another connection to the same account.
    if TransformJob.objects.filter(key=tags.get(JOB_TAG, "")).exists():
        return None
    try:
        with transaction.atomic():
            return _write(connection, remote, tags)
    except IntegrityError:
        # A job of that name was submitted here meanwhile; its start finds out whose the remote one is.
        return None


def _write(connection: Connection, remote: RemoteJob, tags: dict[str, str]) -> TransformJob:
    state, now = FROM_SAGEMAKER[remote.status], timezone.now()
    # Our rules are not applied: SageMaker has accepted the request.
    spec, _ = read_request(remote.request)
    end = (remote.ended or now) if state in TERMINAL else None
    job = create_job(
        connection,
        {**spec, "tags": tags},
        reason="Found in SageMaker; made outside Batchdeck.",
        model_name=remote.model_name,
        name=remote.name,
        external=True,
        state=state,
        state_reason=remote.failure_reason,
        arn=remote.arn,
        created_at=remote.created or now,
        accepted_at=remote.created or now,
        started_at=remote.started,
        ended_at=end,
        # The input was not listed when the job began.
        planned_at=now,
        plan_complete=False,
    )
    if end:
        failed = state == JobState.FAILED
        cause_columns = explaining.columns_at_end(job, remote.failure_reason) if failed else {}
        columns = {**costing.final_columns(job, remote.started, remote.ended), **cause_columns}
        TransformJob.objects.filter(pk=job.pk).update(**columns)
    return job
