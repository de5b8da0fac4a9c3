"""The end of a job: its times and reason, the last count of its outputs, and its warnings."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable
from aws.transforms import RemoteJob
from jobs.clock import has_passed
from jobs.lifecycle.after import comparing, costing, explaining
from jobs.lifecycle.after.output_warnings import missing_outputs, renew_earlier_attempts
from jobs.lifecycle.after.retrying import retry_at
from jobs.lifecycle.follow.counting import count_outputs
from jobs.models import TransformJob
from jobs.models.job_warnings import JobWarning, job_warning
from jobs.states import REMOTE, JobState, WarningCode

#: A job may be unknown for a moment after Create has answered; after this time it is gone.
UNKNOWN_FOR = timedelta(minutes=2)
#: While S3 cannot be reached, an ended job waits for its last count this long; then it ends uncounted.
COUNTED_WITHIN = timedelta(minutes=10)


def finish(job: TransformJob, remote: RemoteJob, state: JobState, target: Target) -> bool:
    """Move the job to the terminal state that SageMaker reports; True if this call moved it.

    While a passing error keeps its outputs from being counted, the job stays as it is for the next poll.
    """
    # Outputs count if they are newer than the start that SageMaker reports.
    job.started_at = remote.started
    objects_done: int | None
    try:
        objects_done, warnings = _count(job, state, target)
    except GatewayError as error:
        passes = isinstance(error, Throttled | Unreachable)
        if passes and remote.ended and not has_passed(remote.ended, COUNTED_WITHIN):
            return False
        text = f"The outputs could not be counted: {error.sentence}"
        objects_done, warnings = job.objects_done, [job_warning(WarningCode.NOT_COUNTED, text)]
    cost = costing.final_columns(job, remote.started, remote.ended)
    failed = state == JobState.FAILED
    with transaction.atomic():
        has_moved = job.move(
            state,
            from_=REMOTE,
            reason=remote.failure_reason or (job.stop_reason if state == JobState.STOPPED else ""),
            started_at=job.started_at,
            ended_at=remote.ended or timezone.now(),
            accepted_at=remote.created or job.accepted_at,
            objects_done=objects_done,
            counted_at=timezone.now(),
            warnings=warnings,
            next_attempt_at=retry_at(job, remote.failure_reason, cost.get("cost_usd")) if failed else None,
            **cost,
            **(explaining.columns_at_end(job, remote.failure_reason) if failed else {}),
        )
        if has_moved:
            comparing.schedule(job)
            renew_earlier_attempts(job)
    return has_moved


def fail_lost_job(job: TransformJob) -> bool:
    """Fail a job that SageMaker no longer knows; True if this call moved it."""
    if job.accepted_at and not has_passed(job.accepted_at, UNKNOWN_FOR):
        return False
    reason = (
        f"{job.connection.name} no longer knows this job, so how it ended cannot be told. "
        "Look at its outputs, and submit it again if any are missing."
    )
    cause_columns = explaining.columns_at_end(job, reason)
    return job.move(JobState.FAILED, from_=REMOTE, reason=reason, ended_at=timezone.now(), **cause_columns)


def _count(job: TransformJob, state: JobState, target: Target) -> tuple[int, list[JobWarning]]:
    objects_done = count_outputs(job, target)
    total = job.objects_total
    if state != JobState.COMPLETED or total is None or not job.plan_complete or objects_done >= total:
        return objects_done, []
    return objects_done, [missing_outputs(job, total - objects_done, total)]
