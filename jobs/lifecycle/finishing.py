"""The end of a job: times, reason, outputs counted a last time, and what does not agree."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from jobs.gateway import GatewayError, Target
from jobs.gateway.transforms import RemoteJob
from jobs.lifecycle.counting import count_outputs
from jobs.models import TransformJob
from jobs.states import REMOTE, JobState

#: A name may be unknown for a moment after Create answered; after this it is gone.
UNKNOWN_FOR = timedelta(minutes=2)


def finish(job: TransformJob, remote: RemoteJob, state: JobState, target: Target) -> bool:
    """Move the job to the terminal state that SageMaker reports; True if it was us who did."""
    # Outputs are told from older ones by SageMaker's clock; ours may differ, or an adoption have come late.
    job.accepted_at = remote.created or job.accepted_at
    done, warnings = _count(job, state, target)
    return job.move(
        state,
        from_=REMOTE,
        reason=remote.failure_reason or (job.stop_reason if state == JobState.STOPPED else ""),
        started_at=remote.started,
        ended_at=remote.ended or timezone.now(),
        accepted_at=job.accepted_at,
        objects_done=done,
        counted_at=timezone.now(),
        warnings=warnings,
    )


def vanish(job: TransformJob) -> bool:
    """Fail a job that SageMaker does not know any more; True if it was us who did."""
    if job.accepted_at and timezone.now() - job.accepted_at < UNKNOWN_FOR:
        return False
    return job.move(
        JobState.FAILED,
        from_=REMOTE,
        reason=f"{job.connection.name} no longer knows this job, so how it ended cannot be told. "
        "Look at its outputs, and submit it again if any are missing.",
        ended_at=timezone.now(),
    )


def _count(job: TransformJob, state: JobState, target: Target) -> tuple[int | None, list[str]]:
    try:
        done = count_outputs(job, target)
    except GatewayError as error:
        return job.objects_done, [f"The outputs could not be counted: {error.sentence}"]
    total = job.objects_total
    if state != JobState.COMPLETED or total is None or not job.plan_complete or done >= total:
        return done, []
    return done, [f"Completed, but {total - done:,} of {total:,} outputs are missing."]
