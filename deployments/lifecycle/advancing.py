"""Advances a run: each task starts, follows or ends one of its steps. The rows say where it is."""

from __future__ import annotations

from enum import Enum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from aws import GatewayError, Rejected
from deployments.lifecycle import preprocessing, transforming
from deployments.lifecycle.announcing import announce_failed_run
from deployments.lifecycle.steps import LEASE, PutOff, StepEnd, StepWaits
from deployments.models import DeploymentRun, RunStep, StageRunState, StepKind, StepState
from deployments.models.run import UNDER_WAY
from jobs.clock import pause_after
from jobs.models import Lease

_RUN_ENDS = {
    StepState.COMPLETED: StageRunState.COMPLETED,
    StepState.FAILED: StageRunState.FAILED,
    StepState.STOPPED: StageRunState.STOPPED,
}


class Advance(Enum):
    """The outcome of one task."""

    #: The next step can begin at once.
    MORE = "more"
    UNDER_WAY = "under way"
    LATER = "later"
    ENDED = "ended"
    NOT_OURS = "not ours"


def advance(run_id: int) -> Advance:
    """Do what is next in a run."""
    lease = Lease.claim(f"deployment-run-{run_id}", LEASE)
    if lease is None:
        return Advance.NOT_OURS
    try:
        rows = DeploymentRun.objects.select_related(
            "stage__deployment", "stage__connection", "team", "requested_by", "stop_requested_by", "job"
        )
        run = rows.filter(pk=run_id, state__in=UNDER_WAY).first()
        return Advance.NOT_OURS if run is None else _advance(run)
    finally:
        lease.release()


def _advance(run: DeploymentRun) -> Advance:
    step = next((row for row in run.steps.all() if row.state in (StepState.WAITING, StepState.RUNNING)), None)
    if step is None:
        return _end(run, StageRunState.COMPLETED, "")
    if step.state == StepState.WAITING and run.stop_requested_at is not None:
        return _end_step(run, step, StepEnd(StepState.STOPPED, _stop_sentence(run)))
    work = preprocessing if step.kind == StepKind.PROCESSING else transforming
    try:
        end = work.begin(run, step) if step.state == StepState.WAITING else work.follow(run, step)
    except StepWaits as error:
        return _go_on_later(run, str(error))
    except PutOff as error:
        return _put_off(run, str(error))
    except GatewayError as error:
        if isinstance(error, Rejected):
            return _end_step(run, step, StepEnd(StepState.FAILED, error.sentence))
        return _put_off(run, error.sentence)
    if end is not None:
        return _end_step(run, step, end)
    if run.state == StageRunState.WAITING:
        run.move(StageRunState.RUNNING, from_=StageRunState.WAITING, reason="")
    return _go_on_later(run, "")


def _go_on_later(run: DeploymentRun, reason: str) -> Advance:
    next_look_at = timezone.now() + run.stage.connection.poll_interval
    DeploymentRun.objects.filter(pk=run.pk).update(tries=0, reason=reason, next_look_at=next_look_at)
    return Advance.UNDER_WAY


def _end_step(run: DeploymentRun, step: RunStep, end: StepEnd) -> Advance:
    """End a step, and with the last one, or one that did not complete, the run."""
    now = timezone.now()
    with transaction.atomic():
        before = StepState(step.state)
        if not step.move(end.state, from_=before, reason=end.reason, ended_at=now):
            return Advance.NOT_OURS
        is_last = not run.steps.filter(position__gt=step.position).exists()
        if end.state == StepState.COMPLETED and not is_last:
            DeploymentRun.objects.filter(pk=run.pk).update(tries=0, reason="", next_look_at=now)
            return Advance.MORE
        run.steps.filter(state=StepState.WAITING).update(state=StepState.SKIPPED)
        reason = f"{step.get_kind_display()}: {end.reason}" if end.reason else ""
        return _end(run, _RUN_ENDS[end.state], reason)


def _end(run: DeploymentRun, state: StageRunState, reason: str) -> Advance:
    with transaction.atomic():
        has_moved = run.move(
            state, from_=StageRunState(run.state), reason=reason, ended_at=timezone.now(), next_look_at=None
        )
        if has_moved and state == StageRunState.FAILED:
            announce_failed_run(run)
    return Advance.ENDED if has_moved else Advance.NOT_OURS


def _put_off(run: DeploymentRun, sentence: str) -> Advance:
    DeploymentRun.objects.filter(pk=run.pk).update(
        reason=sentence, tries=run.tries + 1, next_look_at=timezone.now() + pause_after(run.tries)
    )
    return Advance.LATER


def _stop_sentence(run: DeploymentRun) -> str:
    return f"Stopped by {run.stop_requested_by.label}." if run.stop_requested_by else "Stopped on request."


def due_runs(limit: int = 50) -> list[int]:
    """Ids of the runs that a worker should go on with."""
    rows: QuerySet[DeploymentRun] = DeploymentRun.objects.filter(
        state__in=UNDER_WAY, next_look_at__lte=timezone.now()
    )
    return list(rows.order_by("next_look_at").values_list("pk", flat=True)[:limit])


def runs_of_job(job_id: int) -> list[int]:
    """Ids of the runs under way whose last step is this job or an attempt of it."""
    rows = DeploymentRun.objects.filter(state__in=UNDER_WAY)
    direct = rows.filter(job_id=job_id).values_list("pk", flat=True)
    return [*direct, *rows.filter(job__later_attempts=job_id).values_list("pk", flat=True)]
