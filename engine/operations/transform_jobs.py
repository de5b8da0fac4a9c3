"""SageMaker's TransformJob: CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob.

As in SageMaker, a job cannot be changed or deleted, and its name cannot be used again.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import transform_job_arn
from engine.operations.context import Context
from engine.operations.models import find_model
from engine.operations.packages import containers_of_package
from engine.operations.paging import epoch_seconds, list_page
from engine.operations.quotas import TRANSFORM, check_quotas
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store import JobRow, ModelRow
from engine.store.clock import now
from engine.store.job_table import ORDER_TYPES, job_position
from engine.store.models import model_containers
from transform.keys import parse_s3_uri
from transform.request import PATHS
from transform.spec import SpecError, TransformSpec


@operation("sagemaker", "CreateTransformJob")
def create_transform_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a transform job and start it; answers before the job has begun.

    The name is checked first, so that a client that repeats a request always gets ResourceInUse, even if the model or
    the input has changed since.
    """
    name = params["TransformJobName"]
    arn = transform_job_arn(ctx.config, name)
    if ctx.store.jobs.get(name) is not None:
        raise _name_taken(arn)
    _check_spec(params)
    tags = tag_mapping(params.get("Tags", []))
    model = find_model(ctx, params["ModelName"])
    containers = _transformable(ctx, model)
    _check_input(ctx, params["TransformInput"]["DataSource"]["S3DataSource"], model)
    check_quotas(ctx, TRANSFORM, params["TransformResources"])
    created = now()
    request = {key: value for key, value in params.items() if key != "Tags"}
    row = JobRow(name, arn, request, containers, "InProgress", None, created, created, None, None, ctx.scope)
    if not ctx.store.jobs.create(row, tags):
        raise _name_taken(arn)
    ctx.runner.submit(name)
    return {"TransformJobArn": arn}


@operation("sagemaker", "DescribeTransformJob")
def describe_transform_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a job: its request with SageMaker's defaults, and its status."""
    row = ctx.store.jobs.get(params["TransformJobName"])
    if row is None:
        raise validation_error(f"Could not find requested job with name: {params['TransformJobName']}")
    return {
        **with_defaults(row.request),
        "TransformJobArn": row.arn,
        "TransformJobStatus": row.status,
        "FailureReason": _reason(ctx, row),
        "CreationTime": row.created,
        "TransformStartTime": row.started,
        "TransformEndTime": row.ended,
    }


@operation("sagemaker", "ListTransformJobs")
def list_transform_jobs(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the caller's jobs that match all filters, by default newest first."""
    chosen = partial(
        ctx.store.jobs.list,
        names=ctx.scope.job_names,
        status=params.get("StatusEquals"),
        modified_after=epoch_seconds(params, "LastModifiedTimeAfter"),
        modified_before=epoch_seconds(params, "LastModifiedTimeBefore"),
    )
    rows, more = list_page(
        params, chosen, listing="transform-jobs", orders=ORDER_TYPES, position=job_position
    )
    return {"TransformJobSummaries": [_summary(ctx, row) for row in rows], **more}


@operation("sagemaker", "StopTransformJob")
def stop_transform_job(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Stop a job; answers at once. Has no effect on a job that is stopping already."""
    name = params["TransformJobName"]
    # Stopping a job frees the space of its working folder.
    if ctx.disk.ensure(lambda: ctx.store.jobs.move(name, "Stopping", ["InProgress"])):
        ctx.runner.stop(name)
        return {}
    row = ctx.store.jobs.get(name)
    if row is None:
        raise validation_error(f"Could not find job to update with name: {name}")
    if row.status != "Stopping":
        raise validation_error(
            f"The request was rejected because the transform job is in status {row.status}"
        )
    return {}


def _check_spec(params: dict[str, Any]) -> None:
    """Raises ServiceError for a request that breaks a rule across fields; the shapes were checked before."""
    try:
        TransformSpec.from_request(params)
    except SpecError as error:
        problems = [f"{_path(field)}: {text}" for field, texts in error.errors.items() for text in texts]
        raise validation_error(" ".join(problems)) from None


def _path(field: str) -> str:
    """The path in the request of a field of the spec, which has the SDK's name."""
    return ".".join(PATHS.get(field, (field,)))


def _transformable(ctx: Context, model: ModelRow) -> list[dict[str, Any]]:
    """The model's containers, with the current containers of model packages. Raises ServiceError."""
    containers: list[dict[str, Any]] = []
    for container in model_containers(model.request):
        if "ModelPackageName" in container:
            containers += containers_of_package(ctx, container)
        else:
            containers.append(container)
    if any("ModelDataSource" in container for container in containers):
        raise validation_error(
            "SageMaker Batch currently doesn't support Model entity with container definitions which use "
            "ModelDataSource attribute"
        )
    if model.request.get("EnableNetworkIsolation"):
        # The model's property, copied to its containers since each is started separately.
        containers = [{**container, "EnableNetworkIsolation": True} for container in containers]
    return containers


def _check_input(ctx: Context, source: dict[str, Any], model: ModelRow) -> None:
    uri = source["S3Uri"]
    try:
        bucket, key = parse_s3_uri(uri)
    except ValueError:
        raise validation_error(f'"{uri}" is not an S3 URL.') from None
    if source["S3DataType"] == "ManifestFile":
        has_input = ctx.objects.head(bucket, key) is not None
    else:
        has_input = next(iter(ctx.objects.iter_prefix(bucket, key)), None) is not None
    if not has_input:
        arn = model.request.get("ExecutionRoleArn", "")
        role = f'the role "{arn}"' if arn else "the model's role"
        raise validation_error(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
            f"bucket exists in the selected region ({ctx.config.region}), that objects exist under that S3 "
            f'prefix, and that {role} has "s3:ListBucket" permissions on bucket "{bucket}".'
        )


def with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """The request with SageMaker's defaults. Members such as MaxPayloadInMB have no default."""
    return {
        "Environment": {},
        **request,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **request.get("DataProcessing", {}),
        },
    }


def _reason(ctx: Context, row: JobRow) -> str | None:
    """Why the job failed or, while it is InProgress, what it waits for: SageMaker has no member for that."""
    return ctx.runner.reason_to_wait(row.name) if row.status == "InProgress" else row.failure_reason


def _summary(ctx: Context, row: JobRow) -> dict[str, Any]:
    return {
        "TransformJobName": row.name,
        "TransformJobArn": row.arn,
        "CreationTime": row.created,
        "TransformEndTime": row.ended,
        "LastModifiedTime": row.modified,
        "TransformJobStatus": row.status,
        "FailureReason": _reason(ctx, row),
    }


def _name_taken(arn: str) -> ServiceError:
    return ServiceError(
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name already exists "
        f"({arn})",
    )
