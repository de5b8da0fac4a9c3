"""The state of all attempts of a job together, kept in the first attempt's row, so that lists need no other row."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jobs.costs import Cost, NoAmount
from jobs.states import ACTIVE, FAILURES, RAN, JobState

if TYPE_CHECKING:
    from jobs.models.job import TransformJob

#: Values of `joint` that are times; in JSON they are texts.
_TIMES = ("started_at", "explain_at", "stop_requested_at")


def decisive(attempts: Sequence[TransformJob]) -> TransformJob:
    """The attempt whose state is the job's: the last one if it has not ended, else the last that SageMaker ran.

    Attempts that were refused or withdrawn changed nothing. Where no attempt ran, it is the last one.
    """
    latest = attempts[-1]
    ran = [attempt for attempt in attempts if attempt.state in RAN]
    return latest if latest.state in ACTIVE or not ran else ran[-1]


def is_completed_by_parts(attempts: Sequence[TransformJob], total: int | None, written: int | None) -> bool:
    """Whether the last attempt that ran was for a part of the input, and every output of the job is written now.

    `total` and `written` are None where not every input of the job is known.
    """
    last = decisive(attempts)
    if last.state not in RAN or last is attempts[0] or total is None:
        return False
    return _input(last) != _input(attempts[0]) and total == written


def standing(attempts: Sequence[TransformJob], total: int | None, written: int | None) -> dict[str, Any]:
    """The `joint` columns for the first attempt. `attempts` are all attempts of a job, two or more, in order."""
    last = decisive(attempts)
    complete = is_completed_by_parts(attempts, total, written)
    state = JobState.COMPLETED if complete else JobState(last.state)
    warnings = attempts[0].warnings if complete else last.warnings
    at_limit = last.deadline_warned or last.cost_warned or last.idle_warned
    is_failure = state in FAILURES
    costs = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    seconds = [attempt.instance_seconds for attempt in attempts if attempt.instance_seconds is not None]
    started_at = next((attempt.started_at for attempt in attempts if attempt.started_at), None)
    return {
        "joint_state": str(state),
        "joint_cause": last.cause if is_failure else "",
        "joint_ended_at": None if state in ACTIVE else last.ended_at,
        "joint_duration_seconds": sum(attempt.duration_seconds for attempt in attempts),
        "joint_attention": bool(state == JobState.COMPLETED and warnings) or (at_limit and not complete),
        "joint": {
            "attempts": len(attempts),
            "state_reason": "" if complete else _reason(last),
            "failure": last.failure if is_failure else {},
            "explain_at": _text(last.explain_at) if is_failure else None,
            "warnings": list(warnings),
            "objects_total": last.objects_total if total is None else total,
            "objects_done": last.objects_done if total is None else written,
            "started_at": _text(started_at),
            "run_seconds": sum(attempt.ran_seconds for attempt in attempts),
            "stop_requested_at": _text(last.stop_requested_at) if state in ACTIVE else None,
            "instance_seconds": sum(seconds) if seconds else None,
            "cost_usd": str(sum(costs)) if costs else None,
        },
    }


def whole(job: TransformJob) -> TransformJob:
    """A copy of a first attempt with the values of all attempts together, which cannot be saved.

    Returns `job` itself if it is the only attempt, or a further one.
    """
    if job.joint_state is None:
        return job
    joint = dict(job.joint)
    overall = copy(job)
    overall.is_copy = True
    for name in _TIMES:
        value = joint.pop(name)
        setattr(overall, name, datetime.fromisoformat(value) if value else None)
    overall.attempts_count = joint.pop("attempts")
    cost = joint.pop("cost_usd")
    overall.cost_usd = None if cost is None else Decimal(cost)
    for name, value in joint.items():
        setattr(overall, name, value)
    overall.state, overall.cause = job.joint_state, job.joint_cause or ""
    overall.ended_at, overall.duration_seconds = job.joint_ended_at, job.joint_duration_seconds or 0
    # When a single attempt is expected to end says nothing of the others.
    overall.eta = None
    overall.joint_cost = _cost(overall)
    return overall


def _cost(job: TransformJob) -> Cost:
    """The cost of the ended attempts together. The cost of a running attempt is added at its end."""
    final = job.state not in ACTIVE
    if job.started_at is None:
        return Cost(final, reason=NoAmount.NOTHING_RAN if final else NoAmount.NOT_STARTED)
    reason = None
    if job.instance_seconds is None:
        reason = NoAmount.TIME_UNKNOWN
    elif job.cost_usd is None:
        reason = NoAmount.NOT_BILLED if job.connection.is_engine else NoAmount.NO_PRICE
    # Attempts may have run on instances of different prices.
    return Cost(final, job.cost_usd, None, job.instance_seconds, reason)


def _input(job: TransformJob) -> tuple[Any, Any]:
    return job.spec.get("data"), job.spec.get("data_type")


def _reason(job: TransformJob) -> str:
    """The attempt's reason; with the attempt's number if it has not ended."""
    if job.state not in ACTIVE or not job.state_reason:
        return job.state_reason
    return f"Attempt {job.attempt}: {job.state_reason}"


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
