"""Outputs counted against the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from aws import Target, objects
from jobs import queries
from jobs.batches import batched
from jobs.clock import passed
from jobs.lifecycle.follow.eta import expected_end
from jobs.models import Connection, PlannedObject, TransformJob
from jobs.states import REMOTE
from transform import keys

#: Rows named by one statement.
_ROWS_AT_ONCE = 500
#: Jobs of a connection that are counted in one poll, so that the number of calls does not grow with the jobs.
JOBS_PER_POLL = 5
#: A running job's count is renewed no more often than this.
RENEW_AFTER = {True: timedelta(seconds=2), False: timedelta(seconds=15)}


def count_outputs(job: TransformJob, target: Target) -> int:
    """How many of the planned outputs exist and are this job's, marking their rows; raises a GatewayError.

    An output that an earlier job left under the same key is older than the job's start and does not count.
    """
    since = written_since(job)
    if since is None:
        return 0
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    pending = dict(job.planned.filter(done=False).values_list("output_key", "pk"))
    known = job.planned.count()
    follow_plan = job.objects_total is not None and job.objects_total == known
    if follow_plan and not pending:
        return known
    found: list[str] = []
    loose = 0
    for output in objects.iterate(target, bucket, _folder(prefix)):
        if output.modified < since or not output.key.endswith(".out"):
            continue
        loose += 1
        if output.key in pending:
            found.append(output.key)
    _mark([pending[key] for key in found], done=True)
    _mark_in_earlier_attempts(job, found)
    return known - len(pending) + len(found) if follow_plan else loose


@dataclass(frozen=True, slots=True)
class Missing:
    """The planned inputs that have no output of any attempt; `replaced` of them have an older object in its place."""

    rows: list[PlannedObject]
    replaced: int = 0


def recount(plan: TransformJob, target: Target) -> Missing:
    """What the job's attempts have not written, as it is now; raises a GatewayError.

    Marks the plan's rows anew: an output that was counted may have been removed since.
    """
    times = [since for job in queries.attempts(plan) if (since := written_since(job)) is not None]
    bucket, prefix = keys.parse_s3_uri(plan.output_path)
    there: set[str] = set()
    older: set[str] = set()
    for output in objects.iterate(target, bucket, _folder(prefix)) if times else ():
        (there if output.modified >= min(times) else older).add(output.key)
    rows = list(plan.planned.order_by("position"))
    _mark([row.pk for row in rows if row.output_key in there and not row.done], done=True)
    _mark([row.pk for row in rows if row.output_key not in there and row.done], done=False)
    missing = [row for row in rows if row.output_key not in there]
    return Missing(missing, sum(row.output_key in older for row in missing))


def written_since(job: TransformJob) -> datetime | None:
    """The earliest time at which an output can be this job's, None if it never ran; S3 keeps whole seconds."""
    if job.started_at is None:
        return None
    return job.started_at.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)


def count_some(connection: Connection, target: Target) -> None:
    """Renew the counts of the few running jobs whose count is oldest; raises a GatewayError."""
    due = TransformJob.objects.filter(
        Q(counted_at=None) | passed("counted_at", RENEW_AFTER[connection.is_engine]),
        connection=connection,
        state__in=REMOTE,
        started_at__isnull=False,
    ).order_by(F("counted_at").asc(nulls_first=True))
    for job in due[:JOBS_PER_POLL]:
        done = count_outputs(job, target)
        now = timezone.now()
        values: dict[str, object] = {"counted_at": now, "eta": expected_end(job, done, now)}
        if done != job.objects_done:
            # A newer changed_at is what tells open pages that there is something to see.
            values |= {"objects_done": done, "changed_at": now, "progress_at": now, "idle_warned": False}
        TransformJob.objects.filter(pk=job.pk, state__in=REMOTE).update(**values)
        queries.settle(job)


def _folder(prefix: str) -> str:
    return prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _mark(rows: list[int], *, done: bool) -> None:
    for batch in batched(rows, _ROWS_AT_ONCE):
        PlannedObject.objects.filter(pk__in=batch).update(done=done)


def _mark_in_earlier_attempts(job: TransformJob, output_keys: list[str]) -> None:
    """What a later attempt wrote is there for the earlier ones too, whose plans name the same outputs."""
    if job.root_id is None:
        return
    earlier: QuerySet[TransformJob] = queries.attempts(job).filter(attempt__lt=job.attempt).order_by()
    for batch in batched(output_keys, _ROWS_AT_ONCE):
        PlannedObject.objects.filter(job__in=earlier, output_key__in=batch).update(done=True)
