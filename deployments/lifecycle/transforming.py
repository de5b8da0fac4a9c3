"""The transform step of a run: a job of the dashboard, with all that jobs have."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deployments.lifecycle.steps import StepEnd, StepWaits, prepared_input
from deployments.models import DeploymentRun, RunStep, StepState
from jobs.models import Connection, TransformJob
from jobs.services.attempts import stopping
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from jobs.services.submitting import replacing, submission
from jobs.states import FAILURES, JobState
from results.holding import Use, use_of
from transform.spec import TransformSpec


def begin(run: DeploymentRun, step: RunStep) -> StepEnd | None:
    """Submit the job. Its row and the step's are written together, so that it is submitted once."""
    body = dict(run.body)
    if run.preprocess:
        body["data"] = prepared_input(run)
    try:
        connection, spec, options = submission.parse(run.team, body)
        if problem := _replaced_outputs(connection, spec):
            return StepEnd(StepState.FAILED, problem)
        with transaction.atomic():
            job = submission.submit(
                connection,
                spec,
                options,
                by=run.requested_by,
                reason=f"Submitted by a run of {run.stage}.",
                deployment=run.stage.label,
            )
            if not step.move(
                StepState.RUNNING, from_=StepState.WAITING, name=job.name, started_at=timezone.now()
            ):
                raise _NotOurs
            DeploymentRun.objects.filter(pk=run.pk).update(job=job)
    except InvalidFields as error:
        return StepEnd(StepState.FAILED, f"The job cannot be submitted. {error}")
    except _NotOurs:
        return None
    return None


def _replaced_outputs(connection: Connection, spec: TransformSpec) -> str:
    """The sentence about outputs that the job would replace; empty if there are none, or none can be listed."""
    try:
        replaced = replacing.find_for(connection, spec)
    except Unavailable:
        return ""
    if replaced is None:
        return ""
    return (
        f"{replaced.description[0].upper()}{replaced.description[1:]} below {spec.output_path}, such as "
        f"{replaced.example}. Put {{run}} into the stage's output path, so that each run has a folder of its own."
    )


class _NotOurs(Exception):
    """Another worker has submitted the job; nothing is written."""


def follow(run: DeploymentRun, step: RunStep) -> StepEnd | None:
    """Look at the job's row, and pass a requested stop on. Returns its end, if all its attempts have ended.

    Raises StepWaits while the outputs are checked or held.
    """
    job = TransformJob.objects.filter(pk=run.job_id).first() if run.job_id else None
    if job is None:
        return StepEnd(StepState.FAILED, "Its job is not there any more.")
    state = JobState(job.overall_state)
    if state == JobState.COMPLETED:
        return _end_of_completed(job, run)
    if state in FAILURES:
        if _is_retried(job):
            return None
        return StepEnd(StepState.FAILED, job.joint.get("state_reason") or job.state_reason)
    if state in {JobState.STOPPED, JobState.CANCELLED}:
        return StepEnd(StepState.STOPPED, job.stop_reason or job.state_reason)
    if run.stop_requested_by is not None:
        _stop(job, run)
    if step.arn != job.arn:
        step.move(StepState.RUNNING, from_=StepState.RUNNING, arn=job.arn)
    return None


def _end_of_completed(job: TransformJob, run: DeploymentRun) -> StepEnd:
    """The end of the step by whether the job's outputs may be used. Raises StepWaits while that is not decided."""
    output_use = use_of(job)
    if output_use.must_wait and run.stop_requested_at is None:
        raise StepWaits(output_use.reason)
    if output_use.must_wait:
        return StepEnd(StepState.STOPPED, f"Stopped before its outputs were accepted. {output_use.reason}")
    if output_use.use == Use.REFUSED:
        return StepEnd(StepState.FAILED, output_use.reason)
    return StepEnd(StepState.COMPLETED)


def _is_retried(job: TransformJob) -> bool:
    """Whether its last attempt failed and is submitted again by itself."""
    attempts = TransformJob.objects.filter(Q(pk=job.pk) | Q(root=job)).order_by("-attempt")
    last = attempts.first()
    return last is not None and last.state == JobState.FAILED and last.next_attempt_at is not None


def _stop(job: TransformJob, run: DeploymentRun) -> None:
    if run.stop_requested_by is None or job.stop_requested_at is not None:
        return
    try:
        stopping.stop(job, by=run.stop_requested_by)
    except NotPossible:
        # It has ended meanwhile; the next look finds how.
        return
