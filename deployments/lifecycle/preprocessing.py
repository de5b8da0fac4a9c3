"""The preprocess step of a run: a processing job."""

from __future__ import annotations

from django.utils import timezone

from aws import GatewayError, Rejected, objects, processing
from deployments.lifecycle.refusals import describe_refusal
from deployments.lifecycle.steps import PutOff, StepEnd, prepared_input, run_folder
from deployments.models import DeploymentRun, RunStep, StepState
from deployments.preprocess_step import PreprocessStep, processing_request
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.engine_keys import script_role
from jobs.lifecycle.queue.pacing import Pace
from transform.keys import parse_s3_uri

#: An engine does not ask for a role, but a processing job has one.
_ENGINE_ROLE = "arn:aws:iam::000000000000:role/batchdeck"
_ENDS = {"Completed": StepState.COMPLETED, "Failed": StepState.FAILED, "Stopped": StepState.STOPPED}


def begin(run: DeploymentRun, step: RunStep) -> StepEnd | None:
    """Upload the script and create the processing job; one that an earlier try created is taken."""
    preprocess = PreprocessStep.read(run.preprocess)
    name = f"{run.remote_name}-pre"
    code = _put_script(run, preprocess) if preprocess.script else preprocess.script_uri
    request = processing_request(
        preprocess,
        name=name,
        data=run.body["data"],
        output=prepared_input(run),
        code=code,
        role=_role(run),
    )
    try:
        with asking(run.stage.connection, Pace.FIRST) as target:
            try:
                arn = processing.create(target, request)
            except processing.ProcessingNameTaken:
                # The name has the run's random key, so the job is ours.
                job = processing.describe(target, name)
                arn = job.arn if job else ""
    except GatewayError as error:
        raise _explained(error, "CreateProcessingJob", run) from error
    step.move(StepState.RUNNING, from_=StepState.WAITING, name=name, arn=arn, started_at=timezone.now())
    return None


def _role(run: DeploymentRun) -> str:
    """The role of the processing job, which gives its script no more than the connection may use."""
    try:
        narrow_role = script_role(run.stage.connection)
    except (OSError, ValueError, KeyError) as error:
        sentence = f"The engine's key for {run.stage.connection.name} could not be written: {error}."
        raise PutOff(sentence) from error
    return narrow_role or run.stage.execution_role_arn or _ENGINE_ROLE


def _put_script(run: DeploymentRun, preprocess: PreprocessStep) -> str:
    uri = f"{run_folder(run)}code/{preprocess.script_name}"
    bucket, key = parse_s3_uri(uri)
    try:
        with asking(run.stage.connection) as target:
            objects.put(target, bucket, key, preprocess.script.encode())
    except GatewayError as error:
        raise _explained(error, "PutObject", run) from error
    return uri


def follow(run: DeploymentRun, step: RunStep) -> StepEnd | None:
    """Look at the processing job, and pass a requested stop on. Returns its end, if it has ended."""
    try:
        with asking(run.stage.connection, Pace.AFTER) as target:
            if run.stop_requested_at is not None:
                processing.stop(target, step.name)
            job = processing.describe(target, step.name)
    except GatewayError as error:
        raise _explained(error, "DescribeProcessingJob", run) from error
    if job is None:
        return StepEnd(StepState.FAILED, f"The processing job {step.name} is not there any more.")
    state = _ENDS.get(job.status)
    if state is None:
        return None
    texts = [job.exit_message.strip(), job.failure_reason.strip()] if state == StepState.FAILED else []
    reason = " ".join(text for text in texts if text)
    if state == StepState.FAILED:
        reason = reason or "The processing job failed without a reason."
    if state == StepState.STOPPED:
        by = run.stop_requested_by
        reason = f"Stopped by {by.label}." if by else "It was stopped outside Batchdeck."
    return StepEnd(state, reason)


def _explained(error: GatewayError, call: str, run: DeploymentRun) -> Exception:
    """The same decision with a sentence that names the call, the connection and the permission."""
    sentence = describe_refusal(error, call, run.stage.connection.name)
    return Rejected(sentence, error.code) if isinstance(error, Rejected) else PutOff(sentence)
