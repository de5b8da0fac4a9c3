"""Advances a tuning: each task takes the sample, or starts, follows or ends the job of a combination.

The rows say where it is, so a worker that is killed loses nothing: the sample is taken again, and the row of a job is
written together with its combination's.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from aws import GatewayError, Rejected
from jobs.clock import pause_after
from jobs.lifecycle.aws_session import asking
from jobs.models import Lease, TransformJob
from jobs.models.guarded_moves import move_row
from jobs.options import RunOptions
from jobs.services.attempts import stopping
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import submission
from jobs.states import ACTIVE, JobState, Origin
from teams.rights import find_lost_right
from transform.spec import SpecError, TransformSpec
from tuning.lifecycle import sampling
from tuning.lifecycle.sampling import MEGABYTE, NoSample
from tuning.models import UNDER_WAY, Combination, CombinationState, Tuning, TuningState

#: Longer than a task may run.
LEASE = timedelta(seconds=90)
#: A tuning whose calls fail is tried so often.
MOST_TRIES = 30


class _NotOurs(Exception):
    """Another worker has moved the row; nothing is written."""


def advance(tuning_id: int) -> bool:
    """Do what is next; true if something more can be done at once."""
    lease = Lease.claim(f"tuning-{tuning_id}", LEASE)
    if lease is None:
        return False
    try:
        rows = Tuning.objects.select_related("connection", "team", "user", "stop_requested_by")
        rows = rows.prefetch_related("combinations__job__connection")
        tuning = rows.filter(pk=tuning_id, state__in=UNDER_WAY).first()
        return False if tuning is None else _advance(tuning)
    finally:
        lease.release()


def due_tunings(limit: int = 20) -> list[int]:
    """Ids of the tunings that a worker should go on with."""
    rows = Tuning.objects.filter(state__in=UNDER_WAY, try_at__lte=timezone.now())
    return list(rows.order_by("try_at").values_list("pk", flat=True)[:limit])


def _advance(tuning: Tuning) -> bool:
    if tuning.state == TuningState.SAMPLING:
        return _stop(tuning) if tuning.stop_requested_at else _take_sample(tuning)
    combinations = tuning.in_order()
    current = next((row for row in combinations if row.state == CombinationState.RUNNING), None)
    if current is not None:
        return _follow(tuning, current)
    if tuning.stop_requested_at:
        return _stop(tuning)
    waiting = next((row for row in combinations if row.state == CombinationState.WAITING), None)
    return _end(tuning, combinations) if waiting is None else _begin(tuning, waiting)


def _take_sample(tuning: Tuning) -> bool:
    try:
        with asking(tuning.connection) as target:
            sample = sampling.take(
                target,
                tuning.spec,
                tuning.folder,
                most_bytes=tuning.sample_mb * MEGABYTE,
                most_objects=tuning.most_objects,
            )
    except (NoSample, ValueError) as error:
        return _fail(tuning, str(error))
    except Rejected as error:
        return _fail(tuning, f"The sample could not be taken: {error.sentence}")
    except GatewayError as error:
        return _put_off(tuning, error.sentence)
    return move_row(
        tuning,
        TuningState.RUNNING,
        from_={TuningState.SAMPLING},
        sample_objects=len(sample.rows),
        sample_bytes=sample.bytes,
        sample_records=sample.records,
        problem="",
        tries=0,
        try_at=timezone.now(),
    )


def _begin(tuning: Tuning, combination: Combination) -> bool:
    """Submit the combination's job; its row and the combination's are written together, so that there is one."""
    if trouble := find_lost_right(tuning.team, tuning.user):
        return _fail(tuning, trouble.sentence(tuning.user))
    try:
        spec = combination_spec(tuning, combination)
        with transaction.atomic():
            job = submission.submit(
                tuning.connection,
                spec,
                RunOptions(deadline_minutes=tuning.limit_minutes),
                by=tuning.user,
                reason=f"Submitted by a tuning: {combination}.",
                origin=Origin.TUNING,
            )
            running = {"job": job, "reason": ""}
            if not move_row(
                combination, CombinationState.RUNNING, from_={CombinationState.WAITING}, **running
            ):
                raise _NotOurs
    except (InvalidFields, SpecError) as error:
        move_row(combination, CombinationState.FAILED, from_={CombinationState.WAITING}, reason=str(error))
        return True
    except _NotOurs:
        return False
    _look_later(tuning)
    return False


def combination_spec(tuning: Tuning, combination: Combination) -> TransformSpec:
    """The request of a combination's job: that of the tuning on the sample. Raises SpecError."""
    places = {
        "data": f"{tuning.folder}input/",
        "data_type": "S3Prefix",
        "output_path": f"{tuning.folder}output-{combination.position + 1:02d}/",
        "name": None,
    }
    return TransformSpec.from_fields({**tuning.spec, **places, **combination.settings})


def _follow(tuning: Tuning, combination: Combination) -> bool:
    """Look at the job's row, and pass a requested stop on."""
    job = combination.job
    if job is not None and job.overall_state in ACTIVE:
        if tuning.stop_requested_by is not None and job.stop_requested_at is None:
            _stop_job(job, tuning)
        _look_later(tuning)
        return False
    state, reason = CombinationState.FAILED, "Its job is not there any more."
    columns: dict[str, object] = {}
    if job is not None:
        state, reason = _outcome(job)
        columns = {"seconds": job.ran_seconds or None, "cost_usd": job.cost.amount}
    return move_row(combination, state, from_={CombinationState.RUNNING}, reason=reason, **columns)


def _outcome(job: TransformJob) -> tuple[CombinationState, str]:
    if job.overall_state == JobState.COMPLETED and job.objects_done == job.objects_total:
        return CombinationState.COMPLETED, ""
    if job.overall_state == JobState.COMPLETED:
        return CombinationState.FAILED, " ".join(job.warning_texts) or "Outputs are missing."
    return CombinationState.FAILED, job.stop_reason or job.state_reason or job.get_state_display()


def _stop_job(job: TransformJob, tuning: Tuning) -> None:
    assert tuning.stop_requested_by is not None
    try:
        stopping.stop(job, by=tuning.stop_requested_by)
    except NotPossible:
        # It has ended meanwhile; the next look finds how.
        return


def _end(tuning: Tuning, combinations: list[Combination]) -> bool:
    if any(row.state == CombinationState.COMPLETED for row in combinations):
        return _finish(tuning, TuningState.COMPLETED, "")
    return _finish(tuning, TuningState.FAILED, "No combination completed.")


def _stop(tuning: Tuning) -> bool:
    by = tuning.stop_requested_by
    return _finish(tuning, TuningState.STOPPED, f"Stopped by {by.label}." if by else "Stopped on request.")


def _fail(tuning: Tuning, problem: str) -> bool:
    return _finish(tuning, TuningState.FAILED, problem)


def _finish(tuning: Tuning, state: TuningState, problem: str) -> bool:
    """End the tuning; what has not run is skipped. Returns false, as nothing is left to do."""
    with transaction.atomic():
        if move_row(tuning, state, from_=UNDER_WAY, problem=problem, ended_at=timezone.now()):
            tuning.combinations.filter(state=CombinationState.WAITING).update(state=CombinationState.SKIPPED)
    return False


def _put_off(tuning: Tuning, sentence: str) -> bool:
    if tuning.tries >= MOST_TRIES:
        return _fail(tuning, f"It was tried {MOST_TRIES} times: {sentence}")
    Tuning.objects.filter(pk=tuning.pk, state__in=UNDER_WAY).update(
        problem=sentence, tries=tuning.tries + 1, try_at=timezone.now() + pause_after(tuning.tries)
    )
    return False


def _look_later(tuning: Tuning) -> None:
    pause = tuning.connection.poll_interval
    Tuning.objects.filter(pk=tuning.pk).update(problem="", tries=0, try_at=timezone.now() + pause)
