"""The end of a job: times, reason, outputs counted a last time, and what does not agree."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable
from aws.transforms import RemoteJob
from jobs.clock import has_passed
from jobs.lifecycle.after import comparing, costing, explaining
from jobs.lifecycle.after.output_warnings import gaps, settle_earlier_attempts
from jobs.lifecycle.after.retrying import retry_at
from jobs.lifecycle.follow.counting import count_outputs
from jobs.models import TransformJob
from jobs.models.job_warnings import JobWarning, job_warning
from jobs.states import REMOTE, JobState, WarningCode

#: A name may be unknown for a moment after Create answered; after this it is gone.
UNKNOWN_FOR = timedelta(minutes=2)
#: Trouble that passes may keep the outputs of an ended job from being counted for so long; then the job ends uncounted.
COUNTED_WITHIN = timedelta(minutes=10)


def finish(job: TransformJob, remote: RemoteJob, state: JobState, target: Target) -> bool:
    """Move the job to the terminal state that SageMaker reports; True if it was us who did.

    While its outputs cannot be counted for a reason that will pass, the job stays as it is for the next poll.
    """
    # Outputs are told from older ones by when SageMaker says that the job started.
    job.started_at = remote.started
    done: int | None
    try:
        done, warnings = _count(job, state, target)
    except GatewayError as error:
        passes = isinstance(error, Throttled | Unreachable)
        if passes and remote.ended and not has_passed(remote.ended, COUNTED_WITHIN):
            return False
        text = f"The outputs could not be counted: {error.sentence}"
        done, warnings = job.objects_done, [job_warning(WarningCode.NOT_COUNTED, text)]
    cost = costing.final(job, remote.started, remote.ended)
    failed = state == JobState.FAILED
    with transaction.atomic():
        ended = job.move(
            state,
            from_=REMOTE,
            reason=remote.failure_reason or (job.stop_reason if state == JobState.STOPPED else ""),
            started_at=job.started_at,
            ended_at=remote.ended or timezone.now(),
            accepted_at=remote.created or job.accepted_at,
            objects_done=done,
            counted_at=timezone.now(),
            warnings=warnings,
            next_attempt_at=retry_at(job, remote.failure_reason, cost.get("cost_usd")) if failed else None,
            **cost,
            **(explaining.at_the_end(job, remote.failure_reason) if failed else {}),
        )
        if ended:
            comparing.begin(job)
            settle_earlier_attempts(job)
    return ended


def vanish(job: TransformJob) -> bool:
    """Fail a job that SageMaker does not know any more; True if it was us who did."""
    if job.accepted_at and not has_passed(job.accepted_at, UNKNOWN_FOR):
        return False
    reason = (
        f"{job.connection.name} no longer knows this job, so how it ended cannot be told. "
        "Look at its outputs, and submit it again if any are missing."
    )
    told = explaining.at_the_end(job, reason)
    return job.move(JobState.FAILED, from_=REMOTE, reason=reason, ended_at=timezone.now(), **told)


def _count(job: TransformJob, state: JobState, target: Target) -> tuple[int, list[JobWarning]]:
    done = count_outputs(job, target)
    total = job.objects_total
    if state != JobState.COMPLETED or total is None or not job.plan_complete or done >= total:
        return done, []
    return done, [gaps(job, total - done, total)]
