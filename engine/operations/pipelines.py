"""SageMaker's pipelines: CreatePipeline, UpdatePipeline, DescribePipeline, ListPipelines, DeletePipeline, versions."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import pipeline_arn, resource_name
from engine.operations.context import Context
from engine.operations.paging import created_page
from engine.operations.pipeline_checks import check_definition, definition_text
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store.clock import now
from engine.store.pipelines import PipelineOrder, PipelineRow, VersionRow, pipeline_position

_ORDER_TYPES: dict[PipelineOrder, tuple[type, ...]] = {"Name": (str,), "CreationTime": (float, str)}

#: Members of the request that UpdatePipeline replaces and DescribePipeline repeats.
_MEMBERS = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")

#: Members that the engine does not support; they are refused, not ignored.
UNSUPPORTED = ("PipelineVersionAliases", "PipelineVersionAlias", "MlflowExperimentName")


@operation("sagemaker", "CreatePipeline")
def create_pipeline(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a pipeline with its first version."""
    refuse_unsupported(params)
    name, token = params["PipelineName"], params["ClientRequestToken"]
    arn = pipeline_arn(ctx.config, name)
    if repeated(ctx, "CreatePipeline", token, arn):
        return {"PipelineArn": arn}
    if ctx.store.pipelines.get(name) is not None:
        raise _name_taken(name)
    text = definition_text(ctx, params)
    if text is None:
        raise validation_error("Give a PipelineDefinition or a PipelineDefinitionS3Location.")
    check_definition(text)
    tags = tag_mapping(params.get("Tags", []))
    created = now()
    row = PipelineRow(
        name=name,
        arn=arn,
        request={member: params[member] for member in _MEMBERS if member in params},
        version=1,
        created=created,
        modified=created,
        last_run=None,
        created_by=ctx.caller_arn,
        modified_by=ctx.caller_arn,
    )
    if not ctx.store.pipelines.create(row, text, token, tags):
        raise _name_taken(name)
    return {"PipelineArn": arn}


@operation("sagemaker", "UpdatePipeline")
def update_pipeline(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Change a pipeline. A new definition is a new version; executions in progress keep theirs."""
    refuse_unsupported(params)
    row = find_pipeline(ctx, params["PipelineName"])
    text = definition_text(ctx, params)
    if text is not None:
        check_definition(text)
    changed = {**row.request, **{member: params[member] for member in _MEMBERS if member in params}}
    version = ctx.store.pipelines.change(row, changed, text, ctx.caller_arn)
    if version is None:
        raise _no_such_pipeline(row.name)
    return {"PipelineArn": row.arn, "PipelineVersionId": version}


@operation("sagemaker", "DescribePipeline")
def describe_pipeline(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a pipeline with the definition of its newest version, or of the one that is asked for."""
    refuse_unsupported(params)
    row = find_pipeline(ctx, params["PipelineName"])
    version = find_version(ctx, row, params.get("PipelineVersionId"))
    return {
        "PipelineDisplayName": row.name,
        **row.request,
        "PipelineArn": row.arn,
        "PipelineName": row.name,
        "PipelineDefinition": version.definition,
        "PipelineStatus": "Active",
        "CreationTime": row.created,
        "LastModifiedTime": row.modified,
        "LastRunTime": row.last_run,
        "CreatedBy": user(row.created_by),
        "LastModifiedBy": user(row.modified_by),
    }


@operation("sagemaker", "ListPipelines")
def list_pipelines(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the caller's pipelines, by default newest first."""
    if params.get("ManagedBy") == "AWS":
        return {"PipelineSummaries": []}
    chosen = partial(
        ctx.store.pipelines.list, names=ctx.scope.job_names, prefix=params.get("PipelineNamePrefix")
    )
    rows, more = created_page(
        params, chosen, listing="pipelines", orders=_ORDER_TYPES, position=pipeline_position
    )
    return {"PipelineSummaries": [_summary(row) for row in rows], **more}


@operation("sagemaker", "DeletePipeline")
def delete_pipeline(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a pipeline with its versions and executions. Jobs and models that they created stay."""
    name, token = params["PipelineName"], params["ClientRequestToken"]
    arn = pipeline_arn(ctx.config, name)
    if repeated(ctx, "DeletePipeline", token, arn):
        return {"PipelineArn": arn}
    row = find_pipeline(ctx, name)
    if not ctx.disk.ensure(lambda: ctx.store.pipelines.delete(row, token)):
        raise ServiceError(
            "ConflictException",
            f"Pipeline {row.name} has executions in progress; stop them before you delete it.",
        )
    return {"PipelineArn": row.arn}


@operation("sagemaker", "ListPipelineVersions")
def list_versions(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the versions of a pipeline, by default newest first."""
    row = find_pipeline(ctx, params["PipelineName"])

    def read(*, sort_by: str, **page: Any) -> list[VersionRow]:
        return ctx.store.pipelines.versions(row.key, **page)

    rows, more = created_page(
        params,
        read,
        listing=f"pipeline-versions:{row.key}",
        orders={"CreationTime": (int,)},
        position=lambda version, _: [version.version],
    )
    summaries = [
        {
            "PipelineArn": row.arn,
            "PipelineVersionId": version.version,
            "CreationTime": version.created,
            "LastExecutionPipelineExecutionArn": version.last_execution,
        }
        for version in rows
    ]
    return {"PipelineVersionSummaries": summaries, **more}


def find_pipeline(ctx: Context, name_or_arn: str) -> PipelineRow:
    """The pipeline with that name or ARN, in any case. Raises ServiceError(ResourceNotFound)."""
    name = resource_name(ctx.config, "pipeline", name_or_arn)
    row = ctx.store.pipelines.get(name) if name else None
    if row is None:
        raise _no_such_pipeline(name_or_arn)
    return row


def find_version(ctx: Context, row: PipelineRow, version: int | None) -> VersionRow:
    """The version with that number, or the newest. Raises ServiceError(ResourceNotFound)."""
    number = row.version if version is None else version
    version_row = ctx.store.pipelines.version(row.key, number)
    if version_row is None:
        raise ServiceError(
            "ResourceNotFound", f"Pipeline {row.name} has no version {number}; its newest is {row.version}."
        )
    return version_row


def refuse_unsupported(params: dict[str, Any]) -> None:
    """Raises ServiceError for members that the engine does not support."""
    for name in UNSUPPORTED:
        if params.get(name):
            raise validation_error(f"The embedded engine does not support {name}.")


def repeated(ctx: Context, operation_name: str, token: str, subject: str) -> str | None:
    """The ARN that the first request with this token was answered with; None if there was none.

    Raises ServiceError(ConflictException) unless it is `subject` or one of its executions.
    """
    arn = ctx.store.request_tokens.answer(operation_name, token)
    if arn is not None and arn != subject and not arn.startswith(f"{subject}/execution/"):
        raise ServiceError(
            "ConflictException", f"The ClientRequestToken {token!r} was used for another request: {arn}."
        )
    return arn


def user(arn: str) -> dict[str, Any]:
    """The UserContext of the key with that ARN."""
    return {"IamIdentity": {"Arn": arn}}


def _summary(row: PipelineRow) -> dict[str, Any]:
    return {
        "PipelineArn": row.arn,
        "PipelineName": row.name,
        "PipelineDisplayName": row.request.get("PipelineDisplayName", row.name),
        "PipelineDescription": row.request.get("PipelineDescription"),
        "RoleArn": row.request.get("RoleArn"),
        "CreationTime": row.created,
        "LastModifiedTime": row.modified,
        "LastExecutionTime": row.last_run,
    }


def _name_taken(name: str) -> ServiceError:
    # The SDK's upsert() looks for "already exists".
    return validation_error(
        "Pipeline names must be unique within an AWS account and region. "
        f"Pipeline with name ({name}) already exists."
    )


def _no_such_pipeline(name: str) -> ServiceError:
    return ServiceError("ResourceNotFound", f"Pipeline '{name}' does not exist.")
