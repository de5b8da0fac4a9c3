"""Outputs counted against the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from jobs.gateway import Target, objects
from jobs.models import Connection, PlannedObject, TransformJob
from jobs.states import REMOTE
from transform import keys

#: Jobs of a connection that are counted in one poll, so that the number of calls does not grow with the jobs.
JOBS_PER_POLL = 5
#: A running job's count is renewed no more often than this.
RENEW_AFTER = {True: timedelta(seconds=2), False: timedelta(seconds=15)}


def count_outputs(job: TransformJob, target: Target) -> int:
    """How many of the planned outputs exist and are this job's, marking their rows; raises a GatewayError.

    An output that an earlier job left under the same key is older than the job and does not count.
    """
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    pending = dict(job.planned.filter(done=False).values_list("output_key", "pk"))
    known = job.planned.count()
    follow_plan = job.objects_total is not None and job.objects_total == known
    if follow_plan and not pending:
        return known
    since = written_since(job)
    found: list[int] = []
    loose = 0
    for output in objects.iterate(target, bucket, _folder(prefix)):
        if output.modified < since or not output.key.endswith(".out"):
            continue
        loose += 1
        if output.key in pending:
            found.append(pending[output.key])
    _mark(found)
    return known - len(pending) + len(found) if follow_plan else loose


def written_since(job: TransformJob) -> datetime:
    """The earliest time at which an output can be this job's; S3 keeps whole seconds."""
    accepted = job.accepted_at or job.created_at
    return accepted.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)


def count_some(connection: Connection, target: Target) -> None:
    """Renew the counts of the few running jobs whose count is oldest; raises a GatewayError."""
    old = timezone.now() - RENEW_AFTER[connection.is_engine]
    due = TransformJob.objects.filter(
        Q(counted_at=None) | Q(counted_at__lt=old),
        connection=connection,
        state__in=REMOTE,
        started_at__isnull=False,
    ).order_by(F("counted_at").asc(nulls_first=True))
    for job in due[:JOBS_PER_POLL]:
        done = count_outputs(job, target)
        values: dict[str, object] = {"counted_at": timezone.now()}
        if done != job.objects_done:
            # A newer changed_at is what tells open pages that there is something to see.
            values |= {"objects_done": done, "changed_at": timezone.now()}
        TransformJob.objects.filter(pk=job.pk, state__in=REMOTE).update(**values)


def _folder(prefix: str) -> str:
    return prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _mark(rows: list[int]) -> None:
    for start in range(0, len(rows), 500):
        PlannedObject.objects.filter(pk__in=rows[start : start + 500]).update(done=True)
