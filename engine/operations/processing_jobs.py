"""SageMaker's ProcessingJob: Create-, Describe-, List-, Stop- and DeleteProcessingJob."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import processing_job_arn
from engine.operations.context import Context
from engine.operations.paging import epoch_seconds, list_page
from engine.operations.processing_rules import problems_of
from engine.operations.quotas import PROCESSING, check_quotas
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.runner.processing.request import cluster_of, with_defaults
from engine.store import ProcessingJobRow
from engine.store.clock import now
from engine.store.job_table import ORDER_TYPES, UNFINISHED, job_position


@operation("sagemaker", "CreateProcessingJob")
def create_processing_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a processing job and start it; answers before the job has begun.

    The name is checked first, so that a client that repeats a request always gets ResourceInUse.
    """
    name = params["ProcessingJobName"]
    arn = processing_job_arn(ctx.config, name)
    if ctx.store.processing.get(name) is not None:
        raise _name_taken(arn)
    if problems := problems_of(params):
        raise validation_error(" ".join(problems))
    assert ctx.caller is not None
    try:
        scope = ctx.credentials.role_scope(params["RoleArn"], ctx.caller)
    except ValueError as error:
        raise validation_error(f"RoleArn: {error}.") from error
    tags = tag_mapping(params.get("Tags", []))
    check_quotas(ctx, PROCESSING, cluster_of(params))
    created = now()
    row = ProcessingJobRow(name, arn, params, "InProgress", None, None, created, created, None, None, scope)
    if not ctx.store.processing.create(row, tags):
        raise _name_taken(arn)
    ctx.processing.submit(name)
    return {"ProcessingJobArn": arn}


@operation("sagemaker", "DescribeProcessingJob")
def describe_processing_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a job: its request with SageMaker's defaults, and its status."""
    row = _find(ctx, params)
    request = {key: value for key, value in with_defaults(row.request).items() if key != "Tags"}
    return {
        **request,
        **_state(ctx, row),
        "ProcessingStartTime": row.started,
    }


@operation("sagemaker", "ListProcessingJobs")
def list_processing_jobs(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the caller's jobs that match all filters, by default oldest first."""
    chosen = partial(
        ctx.store.processing.list,
        names=ctx.scope.job_names,
        status=params.get("StatusEquals"),
        modified_after=epoch_seconds(params, "LastModifiedTimeAfter"),
        modified_before=epoch_seconds(params, "LastModifiedTimeBefore"),
    )
    rows, more = list_page(
        params, chosen, listing="processing-jobs", orders=ORDER_TYPES, position=job_position, ascending=True
    )
    return {"ProcessingJobSummaries": [_state(ctx, row) for row in rows], **more}


@operation("sagemaker", "StopProcessingJob")
def stop_processing_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Stop a job; answers at once. Has no effect on a job that is stopping already."""
    name = params["ProcessingJobName"]
    # Stopping a job frees the space of its working folder.
    if ctx.disk.ensure(lambda: ctx.store.processing.move(name, "Stopping", ["InProgress"])):
        ctx.processing.stop(name)
        return {}
    row = _find(ctx, params)
    if row.status != "Stopping":
        raise validation_error(
            f"The request was rejected because the processing job is in status {row.status}"
        )
    return {}


@operation("sagemaker", "DeleteProcessingJob")
def delete_processing_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a finished job, whose name can then be used again. Its logs and metrics stay."""
    name = params["ProcessingJobName"]
    if not ctx.disk.ensure(lambda: ctx.store.processing.delete(name)):
        row = _find(ctx, params)
        assert row.status in UNFINISHED
        raise ServiceError(
            "ResourceInUse",
            f"The processing job {name} is in status {row.status}; only a job that is Completed, Failed or Stopped can "
            "be deleted.",
        )
    return {}


def _find(ctx: Context, params: dict[str, Any]) -> ProcessingJobRow:
    """The job that a request names. Raises ServiceError(ResourceNotFound)."""
    name = params["ProcessingJobName"]
    row = ctx.store.processing.get(name)
    if row is None:
        raise ServiceError("ResourceNotFound", f"Could not find requested job with name: {name}")
    return row


def _state(ctx: Context, row: ProcessingJobRow) -> dict[str, Any]:
    """The members that descriptions and summaries have in common.

    FailureReason is, while the job is InProgress, what it waits for: SageMaker has no member for that.
    """
    in_progress = row.status == "InProgress"
    return {
        "ProcessingJobName": row.name,
        "ProcessingJobArn": row.arn,
        "CreationTime": row.created,
        "ProcessingEndTime": row.ended,
        "LastModifiedTime": row.modified,
        "ProcessingJobStatus": row.status,
        "FailureReason": ctx.processing.reason_to_wait(row.name) if in_progress else row.failure_reason,
        "ExitMessage": row.exit_message,
    }


def _name_taken(arn: str) -> ServiceError:
    return ServiceError(
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name already exists "
        f"({arn})",
    )
