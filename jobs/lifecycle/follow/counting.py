"""Counts a job's outputs against its plan."""

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
#: Jobs of a connection that one poll counts. So the number of calls does not grow with the jobs.
JOBS_PER_POLL = 5
#: The least time between two counts of a running job, by whether it runs on an engine.
RENEW_AFTER = {True: timedelta(seconds=2), False: timedelta(seconds=15)}


def count_outputs(job: TransformJob, target: Target) -> int:
    """Count the planned outputs that this job has written, and mark their rows. Raises GatewayError.

    Outputs older than the job's start do not count: an earlier job wrote them.
    """
    since = written_since(job)
    if since is None:
        return 0
    bucket, prefix = keys.parse_s3_uri(job.output_path)
    pending = dict(job.planned.filter(done=False).values_list("output_key", "pk"))
    planned_count = job.planned.count()
    has_whole_plan = job.objects_total is not None and job.objects_total == planned_count
    if has_whole_plan and not pending:
        return planned_count
    written: dict[str, datetime] = {}
    output_count = 0
    for output in objects.iterate(target, bucket, _folder(prefix)):
        if output.modified < since or not output.key.endswith(".out"):
            continue
        output_count += 1
        if output.key in pending:
            written[output.key] = output.modified
    _mark_written({pending[key]: at for key, at in written.items()})
    _mark_in_earlier_attempts(job, list(written))
    return planned_count - len(pending) + len(written) if has_whole_plan else output_count


@dataclass(frozen=True, slots=True)
class Missing:
    """The planned inputs without an output of any attempt. `replaced`: those with an older object in its place."""

    rows: list[PlannedObject]
    replaced: int = 0


def recount(plan: TransformJob, target: Target) -> Missing:
    """List the outputs that no attempt has written. Raises GatewayError.

    Marks every row of the plan: a counted output may have been removed since.
    """
    times = [since for job in queries.attempts(plan) if (since := written_since(job)) is not None]
    bucket, prefix = keys.parse_s3_uri(plan.output_path)
    written: dict[str, datetime] = {}
    older_keys: set[str] = set()
    for output in objects.iterate(target, bucket, _folder(prefix)) if times else ():
        if output.modified >= min(times):
            written[output.key] = output.modified
        else:
            older_keys.add(output.key)
    rows = list(plan.planned.order_by("position"))
    _mark_written(
        {row.pk: written[row.output_key] for row in rows if row.output_key in written and not row.done}
    )
    _mark_removed([row.pk for row in rows if row.output_key not in written and row.done])
    missing = [row for row in rows if row.output_key not in written]
    return Missing(missing, sum(row.output_key in older_keys for row in missing))


def written_since(job: TransformJob) -> datetime | None:
    """The earliest modification time of this job's outputs; None if it never ran."""
    if job.started_at is None:
        return None
    # S3 keeps whole seconds.
    return job.started_at.astimezone(UTC).replace(microsecond=0) - timedelta(seconds=1)


def count_some(connection: Connection, target: Target) -> None:
    """Renew the oldest counts of the connection's running jobs. Raises GatewayError."""
    due = TransformJob.objects.filter(
        Q(counted_at=None) | passed("counted_at", RENEW_AFTER[connection.is_engine]),
        connection=connection,
        state__in=REMOTE,
        started_at__isnull=False,
    ).order_by(F("counted_at").asc(nulls_first=True))
    for job in due[:JOBS_PER_POLL]:
        objects_done = count_outputs(job, target)
        now = timezone.now()
        values: dict[str, object] = {"counted_at": now, "eta": expected_end(job, objects_done, now)}
        if objects_done != job.objects_done:
            # Open pages see by changed_at that there is something new.
            values |= {
                "objects_done": objects_done,
                "changed_at": now,
                "progress_at": now,
                "idle_warned": False,
            }
        TransformJob.objects.filter(pk=job.pk, state__in=REMOTE).update(**values)
        queries.settle(job)


def _folder(prefix: str) -> str:
    return prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _mark_written(times: dict[int, datetime]) -> None:
    """Mark the rows with these ids as written at these times."""
    rows = [PlannedObject(pk=pk, done=True, written_at=at) for pk, at in times.items()]
    PlannedObject.objects.bulk_update(rows, ["done", "written_at"], batch_size=_ROWS_AT_ONCE)


def _mark_removed(rows: list[int]) -> None:
    for batch in batched(rows, _ROWS_AT_ONCE):
        PlannedObject.objects.filter(pk__in=batch).update(done=False, written_at=None)


def _mark_in_earlier_attempts(job: TransformJob, output_keys: list[str]) -> None:
    # The plans of earlier attempts name the same outputs.
    if job.root_id is None:
        return
    earlier: QuerySet[TransformJob] = queries.attempts(job).filter(attempt__lt=job.attempt).order_by()
    for batch in batched(output_keys, _ROWS_AT_ONCE):
        PlannedObject.objects.filter(job__in=earlier, output_key__in=batch).update(done=True)
