"""Finds why a job failed: from its reason at once, and from its logs a moment later if the reason says little.

The row's `explain_at` says when its log is to be read, so a lost message loses nothing.
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

#: CloudWatch shows lines some time after they were written; after this time the log counts as complete.
LOG_COMPLETE_AFTER = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)
#: The most jobs of one round.
AT_ONCE = 25
#: Lines read at the end of each container's log.
_LAST_LINES = 200
#: Data logs read, and lines of each. Every instance has a data log; an object that failed has four lines in it.
_DATA_LOGS, _FIRST_LINES = 20, 2000
#: Bytes of the first input.
_HEAD = 16 * 1024


def columns_at_end(job: TransformJob, reason: str) -> dict[str, Any]:
    """The columns of a job that ends with this reason, before any log is read."""
    explanation = explain([LogText(LogSource.REASON, reason)], facts_of(job))
    needs_log = not explanation.is_sure and job.accepted_at is not None
    return {**columns(explanation), "explain_at": timezone.now() if needs_log else None}


def due_jobs(job_ids: list[int] | None = None) -> list[int]:
    """Ids of the failed jobs whose log is to be read now; with `job_ids`, only those among them."""
    rows = TransformJob.objects.filter(clock.due("explain_at", PAUSE), state=JobState.FAILED)
    if job_ids is not None:
        rows = rows.filter(pk__in=job_ids)
    return list(rows.order_by("explain_at").values_list("id", flat=True)[:AT_ONCE])


def explain_job(job_id: int) -> str:
    """Read the job's log and write the cause of its failure to the row.

    Returns the cause's slug; an empty text if no log was to be read, or another task has read it.
    """
    job = TransformJob.objects.select_related("connection").filter(pk=job_id, state=JobState.FAILED).first()
    if job is None or job.explain_at is None:
        return ""
    lines, head = [LogText(LogSource.REASON, job.state_reason)], b""
    try:
        with asking(job.connection, Pace.AFTER) as target:
            lines += read(target, job)
            head = _head(target, job)
    except GatewayError:
        pass  # The cause is found without the log, and the log is tried again.
    explanation = explain(lines, replace(facts_of(job), head=head))
    values = {**columns(explanation), "explain_at": _next_try_at(job, explanation, len(lines) > 1)}
    values["failure"]["log_read"] = True
    rows = TransformJob.objects.filter(pk=job.pk, explain_at=job.explain_at)
    if rows.update(**values, changed_at=timezone.now()) != 1:
        return ""
    queries.settle(job)
    object_errors.save(job, [line.text for line in lines if line.source == LogSource.DATA_LOG])
    return explanation.cause.slug


def read(target: Target, job: TransformJob) -> list[LogText]:
    """The first lines of the data logs and, if they name no cause, the last lines of the containers.

    Without time stamps. Raises GatewayError.
    """
    streams = logs.streams(target, job.name)
    beginnings = log_ends.beginnings(target, streams, most=_DATA_LOGS, limit=_FIRST_LINES)
    data_lines = [LogText(LogSource.DATA_LOG, line.text) for lines in beginnings for line in lines]
    if explain(data_lines, Facts()).is_sure:
        return data_lines
    endings = log_ends.endings(target, log_ends.containers(streams), _LAST_LINES)
    return data_lines + [LogText(LogSource.CONTAINER, line.text) for lines in endings for line in lines]


def _head(target: Target, job: TransformJob) -> bytes:
    """The beginning of the first CSV input, which may have a header; empty for other types, or if it cannot be read."""
    if not str(job.spec.get("content_type") or "").startswith("text/csv"):
        return b""
    first = job.planned.filter(size__gt=0).order_by("position").first()
    try:
        bucket, _ = parse_s3_uri(job.data)
        return (objects.read(target, bucket, first.key, limit=_HEAD) or b"") if first else b""
    except (ValueError, Rejected):
        return b""


def facts_of(job: TransformJob) -> Facts:
    """The facts about the job by which a change to its request is proposed."""
    largest = job.planned.aggregate(size=Max("size"))["size"] if job.pk else None
    return Facts(
        spec=job.spec,
        instance_type=job.instance_type or str(job.spec.get("instance_type", "")),
        embedded=job.connection.kind == Connection.Kind.ENGINE,
        largest_input=largest,
        fallbacks=tuple(job.fallback_instance_types),
        written=job.objects_done or 0,
    )


def _next_try_at(job: TransformJob, explanation: Explanation, log_was_there: bool) -> Any:
    """When the log is read once more; None if it is not."""
    is_complete = timezone.now() - (job.ended_at or job.changed_at) > LOG_COMPLETE_AFTER
    if explanation.is_sure or log_was_there or is_complete:
        return None
    return timezone.now() + PAUSE
