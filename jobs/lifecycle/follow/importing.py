"""Jobs made outside Batchdeck: found by when they were created, shown beside ours, and only ever looked at.

A window of creation times after the other is read, from some weeks back up to now. Jobs of other teams here that use
the same account carry our tag, and stay theirs.
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

#: How far back a new connection looks.
BACKFILL = timedelta(days=30)
#: Creation times of one listing: short enough to be read in a few calls of a hundred.
WINDOW = timedelta(days=1)
#: What was just created may be listed late, and clocks differ; so much is read again.
OVERLAP = timedelta(minutes=2)
#: After this a look ends, and the next one goes on.
SECONDS = 10.0


def due_connections() -> list[int]:
    """Connections whose next look is due."""
    return [
        connection.pk for connection in Connection.objects.filter(import_external=True) if is_due(connection)
    ]


def is_due(connection: Connection) -> bool:
    """Whether it is time to look for jobs made outside."""
    if not connection.import_external:
        return False
    return connection.imported_at is None or has_passed(connection.imported_at, connection.import_interval)


def import_some(connection: Connection, target: Target) -> list[int]:
    """Read on from where the last look ended; ids of the rows made. Raises a GatewayError."""
    # Noted first: a look that fails is not repeated at once.
    Connection.objects.filter(pk=connection.pk).update(imported_at=timezone.now())
    deadline = time.monotonic() + SECONDS
    made: list[int] = []
    # A time further ahead was noted before the clock was set back: what is made from now on would be passed over.
    since = min(connection.imported_until or connection.created_at - BACKFILL, timezone.now() + OVERLAP)
    while time.monotonic() < deadline:
        now = timezone.now()
        until = min(since + WINDOW, now)
        done = _import_window(connection, target, since - OVERLAP, until, deadline, made)
        since = done
        Connection.objects.filter(pk=connection.pk).update(imported_until=done)
        if done >= now:
            break
    return made


def _import_window(
    connection: Connection,
    target: Target,
    after: datetime,
    before: datetime,
    deadline: float,
    made: list[int],
) -> datetime:
    """Import what was created in between; up to when everything is known now."""
    for page in batched(list(transforms.list_created(target, after, before)), 100):
        known = _known(connection, page)
        for row in page:
            if row.name in known or not target.scope.allows_job(row.name):
                continue
            if time.monotonic() > deadline:
                return row.created or after
            job = _import(connection, target, row.name)
            if job is not None:
                made.append(job.pk)
    return before


def _known(connection: Connection, page: list[RemoteSummary]) -> set[str]:
    """Names of this connection's own rows, and of jobs that others here made in the same account."""
    jobs = TransformJob.objects.filter(name__in=[row.name for row in page])
    same_place = Connection.objects.filter(
        kind=connection.kind, region=connection.region, endpoint_url=connection.endpoint_url
    )
    others = jobs.filter(connection__in=same_place, arn__in=[row.arn for row in page], external=False)
    return {
        *jobs.filter(connection=connection).values_list("name", flat=True),
        *others.values_list("name", flat=True),
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
        # Submitted here under that name meanwhile; whose it is, starting finds out.
        return None


def _write(connection: Connection, remote: RemoteJob, tags: dict[str, str]) -> TransformJob:
    state, now = FROM_SAGEMAKER[remote.status], timezone.now()
    # Rules of ours are not applied: SageMaker took the request.
    spec, _ = read_request(remote.request)
    ended = (remote.ended or now) if state in TERMINAL else None
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
        ended_at=ended,
        # What its input was when it began, nobody listed.
        planned_at=now,
        plan_complete=False,
    )
    if ended:
        told = explaining.at_the_end(job, remote.failure_reason) if state == JobState.FAILED else {}
        columns = {**costing.final(job, remote.started, remote.ended), **told}
        TransformJob.objects.filter(pk=job.pk).update(**columns)
    return job
