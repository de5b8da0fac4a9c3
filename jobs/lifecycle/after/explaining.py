"""Telling why a job failed: from its reason at once, and where that says little from its logs a moment later.

That a log is still to be read stands in the row, as `explain_at`, so no lost message forgets it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from aws import GatewayError, Rejected, Target, logs, objects
from failures import Explanation, Facts, LogSource, LogText, columns, explain
from jobs import clock, queries
from jobs.lifecycle.after import log_ends, object_errors
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue.pacing import Pace
from jobs.models import Connection, TransformJob
from jobs.states import JobState
from transform.keys import parse_s3_uri

#: CloudWatch shows lines some time after they were written; after this the log is taken to be all there.
WAITED_FOR = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)
#: Jobs of one round.
AT_ONCE = 25
#: Lines read of what each container said last.
_LAST_LINES = 200
#: Data logs read, and lines of each: every instance has its own, and an object that failed has four lines in one.
_DATA_LOGS, _FIRST_LINES = 20, 2000
#: Bytes of the first input.
_HEAD = 16 * 1024


def at_the_end(job: TransformJob, reason: str) -> dict[str, Any]:
    """The columns of a job that ends with this reason, before any log is read."""
    found = explain([LogText(LogSource.REASON, reason)], facts_of(job))
    to_read = not found.is_sure and job.accepted_at is not None
    return {**columns(found), "explain_at": timezone.now() if to_read else None}


def due(job_ids: list[int] | None = None) -> list[int]:
    """Failed jobs whose log is to be read now; of `job_ids` only, if these are given."""
    rows = TransformJob.objects.filter(clock.due("explain_at", PAUSE), state=JobState.FAILED)
    if job_ids is not None:
        rows = rows.filter(pk__in=job_ids)
    return list(rows.order_by("explain_at").values_list("id", flat=True)[:AT_ONCE])


def explain_job(job_id: int) -> str:
    """Read the job's log and write down why it failed; the cause's slug, empty if that was not ours to do."""
    job = TransformJob.objects.select_related("connection").filter(pk=job_id, state=JobState.FAILED).first()
    if job is None or job.explain_at is None:
        return ""
    said, head = [LogText(LogSource.REASON, job.state_reason)], b""
    try:
        with asking(job.connection, Pace.AFTER) as target:
            said += read(target, job)
            head = _head(target, job)
    except GatewayError:
        pass  # The reason is told without the log, and the log is tried again.
    found = explain(said, replace(facts_of(job), head=head))
    values = {**columns(found), "explain_at": _again_at(job, found, len(said) > 1)}
    values["failure"]["log_read"] = True
    rows = TransformJob.objects.filter(pk=job.pk, explain_at=job.explain_at)
    if rows.update(**values, changed_at=timezone.now()) != 1:
        return ""
    queries.settle(job)
    object_errors.keep(job, [line.text for line in said if line.source == LogSource.DATA_LOG])
    return found.cause.slug


def read(target: Target, job: TransformJob) -> list[LogText]:
    """What the data logs said first, and containers last, without the stamps before it. Raises GatewayError."""
    streams = logs.streams(target, job.name)
    first = log_ends.beginnings(target, streams, most=_DATA_LOGS, limit=_FIRST_LINES)
    told = [line for lines in first for line in lines]
    said = [LogText(LogSource.DATA_LOG, line.text) for line in told]
    if explain(said, Facts()).is_sure:
        return said
    last = log_ends.endings(target, log_ends.containers(streams), _LAST_LINES)
    return said + [LogText(LogSource.CONTAINER, line.text) for lines in last for line in lines]


def _head(target: Target, job: TransformJob) -> bytes:
    """How the first input begins, of CSV, to tell a header from a column of ids; empty if it cannot be read."""
    if not str(job.spec.get("content_type") or "").startswith("text/csv"):
        return b""
    first = job.planned.filter(size__gt=0).order_by("position").first()
    try:
        bucket, _ = parse_s3_uri(job.data)
        return (objects.read(target, bucket, first.key, limit=_HEAD) or b"") if first else b""
    except (ValueError, Rejected):
        return b""


def facts_of(job: TransformJob) -> Facts:
    """What a change to the job's request is chosen by."""
    largest = job.planned.aggregate(size=Max("size"))["size"] if job.pk else None
    return Facts(
        spec=job.spec,
        instance_type=job.instance_type or str(job.spec.get("instance_type", "")),
        embedded=job.connection.kind == Connection.Kind.ENGINE,
        largest_input=largest,
        fallbacks=tuple(job.fallback_instance_types),
        written=job.objects_done or 0,
    )


def _again_at(job: TransformJob, found: Explanation, log_was_there: bool) -> Any:
    """When the log is read once more; None if nothing is expected of it."""
    over = timezone.now() - (job.ended_at or job.changed_at) > WAITED_FOR
    if found.is_sure or log_was_there or over:
        return None
    return timezone.now() + PAUSE
