"""The end of a job: times, reason, outputs counted a last time, and what does not agree."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from jobs import queries
from jobs.gateway import GatewayError, Target, Throttled, Unreachable
from jobs.gateway.transforms import RemoteJob
from jobs.lifecycle import costing
from jobs.lifecycle.counting import count_outputs
from jobs.lifecycle.retrying import retry_at
from jobs.models import TransformJob
from jobs.states import REMOTE, JobState
from transform import keys

#: A name may be unknown for a moment after Create answered; after this it is gone.
UNKNOWN_FOR = timedelta(minutes=2)
#: Trouble that passes may keep the outputs of an ended job from being counted for so long; then the job ends uncounted.
COUNTED_WITHIN = timedelta(minutes=10)
#: Missing outputs that a warning names.
NAMED = 3


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
        if passes and remote.ended and timezone.now() - remote.ended < COUNTED_WITHIN:
            return False
        done, warnings = job.objects_done, [f"The outputs could not be counted: {error.sentence}"]
    cost = costing.final(job, remote.started, remote.ended)
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
        next_attempt_at=retry_at(job, remote.failure_reason, cost.get("cost_usd"))
        if state == JobState.FAILED
        else None,
        **cost,
    )
    if ended and job.root_id is not None:
        _settle_earlier_attempts(job)
    return ended


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


def _count(job: TransformJob, state: JobState, target: Target) -> tuple[int, list[str]]:
    done = count_outputs(job, target)
    total = job.objects_total
    if state != JobState.COMPLETED or total is None or not job.plan_complete or done >= total:
        return done, []
    return done, [_gaps(job, total - done, total)]


def _gaps(job: TransformJob, missing: int, total: int) -> str:
    """Which outputs are missing, by what their keys have below the output path."""
    _, prefix = keys.parse_s3_uri(job.output_path)
    folder = keys.output_folder(prefix)
    rows = job.planned.filter(done=False).order_by("position").values_list("output_key", flat=True)
    named = [key.removeprefix(folder).removesuffix(keys.OUTPUT_SUFFIX) for key in rows[:NAMED]]
    sentence = f"{missing:,} of {total:,} outputs are missing"
    # Of a plan that is kept in part, the rows that are not written need not be the only ones.
    if not named or len(named) > missing:
        return f"{sentence}."
    more = f" and {missing - len(named):,} more" if missing > len(named) else ""
    return f"{sentence}: {', '.join(named)}{more}."


def _settle_earlier_attempts(job: TransformJob) -> None:
    """Say anew what earlier attempts lack, since this one wrote some of it."""
    for earlier in queries.attempts(job).filter(attempt__lt=job.attempt, state=JobState.COMPLETED):
        total = earlier.objects_total
        if not earlier.warnings or total is None or total != earlier.planned.count():
            continue
        missing = earlier.planned.filter(done=False).count()
        warnings = [_gaps(earlier, missing, total)] if missing else []
        TransformJob.objects.filter(pk=earlier.pk).update(warnings=warnings, changed_at=timezone.now())
