"""Executions of pipelines: StartPipelineExecution, DescribePipelineExecution, List…, Update…, Stop…, Retry…."""

from __future__ import annotations

import secrets
import string
from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.paging import created_page
from engine.operations.pipelines import find_pipeline, find_version, refuse_unsupported, repeated, user
from engine.operations.selective_execution import StepSelection, read_selection
from engine.operations.table import operation
from engine.pipeline_definitions import BadParameter, Definition, parameter_values, parse_definition
from engine.pipeline_definitions.expressions import evaluate
from engine.pipeline_definitions.parameters import as_text
from engine.pipeline_definitions.values import ExecutionValues, variables
from engine.store.clock import now
from engine.store.executions import RETRIED, ExecutionOrder, ExecutionRow, execution_position
from engine.store.pipelines import PipelineRow
from engine.store.texts import utc_text

_ORDER_TYPES: dict[ExecutionOrder, tuple[type, ...]] = {
    "CreationTime": (float, str),
    "PipelineExecutionArn": (str,),
}
_ID_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH = 12

#: Members of the request that are stored and described.
_MEMBERS = (
    "PipelineExecutionDisplayName",
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "SelectiveExecutionConfig",
    "RoleArn",
)


@operation("sagemaker", "StartPipelineExecution")
def start_execution(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Start an execution of a pipeline; answers before its first step has begun."""
    refuse_unsupported(params)
    pipeline = find_pipeline(ctx, params["PipelineName"])
    token = params["ClientRequestToken"]
    if earlier := repeated(ctx, "StartPipelineExecution", token, pipeline.arn):
        return {"PipelineExecutionArn": earlier}
    version = find_version(ctx, pipeline, params.get("PipelineVersionId"))
    definition = parse_definition(version.definition)
    selection = read_selection(ctx, pipeline, definition, params.get("SelectiveExecutionConfig"))
    values = _values(definition, selection, params.get("PipelineParameters", []))
    row = _new_row(ctx, pipeline, version.version, params, values)
    if selection is not None:
        row.request["SelectiveExecutionConfig"] = selection.config
    _add_experiment(row, pipeline, definition)
    if not ctx.store.executions.start(row, token):
        raise ServiceError("ResourceNotFound", f"Pipeline '{pipeline.name}' does not exist.")
    ctx.pipelines.submit(row.arn)
    return {"PipelineExecutionArn": row.arn}


@operation("sagemaker", "DescribePipelineExecution")
def describe_execution(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe an execution."""
    row = find_execution(ctx, params["PipelineExecutionArn"])
    return {
        **row.request,
        "PipelineArn": row.pipeline_arn,
        "PipelineExecutionArn": row.arn,
        "PipelineExecutionStatus": row.status,
        "PipelineVersionId": row.version,
        "FailureReason": row.failure_reason,
        "CreationTime": row.created,
        "LastModifiedTime": row.modified,
        "CreatedBy": user(row.created_by),
        "LastModifiedBy": user(row.modified_by),
    }


@operation("sagemaker", "ListPipelineExecutions")
def list_executions(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the executions of a pipeline, by default newest first."""
    refuse_unsupported(params)
    pipeline = find_pipeline(ctx, params["PipelineName"])
    rows, more = created_page(
        params,
        partial(ctx.store.executions.list, pipeline.key),
        listing=f"pipeline-executions:{pipeline.key}",
        orders=_ORDER_TYPES,
        position=execution_position,
    )
    return {"PipelineExecutionSummaries": [_summary(row) for row in rows], **more}


@operation("sagemaker", "UpdatePipelineExecution")
def update_execution(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Change the name, the description or the number of parallel steps of an execution."""
    row = find_execution(ctx, params["PipelineExecutionArn"])
    changed = {name: params[name] for name in _MEMBERS if name in params}
    ctx.store.executions.change(row.arn, {**row.request, **changed}, ctx.caller_arn)
    ctx.pipelines.submit(row.arn)
    return {"PipelineExecutionArn": row.arn}


@operation("sagemaker", "StopPipelineExecution")
def stop_execution(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Stop an execution and its running jobs; answers at once. Has no effect on one that is stopping already."""
    arn, token = params["PipelineExecutionArn"], params["ClientRequestToken"]
    row = find_execution(ctx, arn)
    if repeated(ctx, "StopPipelineExecution", token, row.arn):
        return {"PipelineExecutionArn": row.arn}
    stop = partial(
        ctx.store.executions.move, row.arn, "Stopping", ("Executing",), by=ctx.caller_arn, token=token
    )
    if ctx.disk.ensure(stop):
        ctx.pipelines.submit(row.arn)
        return {"PipelineExecutionArn": row.arn}
    row = find_execution(ctx, arn)
    if row.status != "Stopping":
        raise validation_error(
            f"Only executions in status Executing can be stopped; {row.arn} is {row.status}."
        )
    return {"PipelineExecutionArn": row.arn}


@operation("sagemaker", "RetryPipelineExecution")
def retry_execution(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Let a Failed or Stopped execution go on from the steps that did not succeed, with the same definition."""
    arn, token = params["PipelineExecutionArn"], params["ClientRequestToken"]
    row = find_execution(ctx, arn)
    if repeated(ctx, "RetryPipelineExecution", token, row.arn):
        return {"PipelineExecutionArn": row.arn}
    request = dict(row.request)
    if "ParallelismConfiguration" in params:
        request["ParallelismConfiguration"] = params["ParallelismConfiguration"]
    if not ctx.store.executions.retry(row.arn, request, token, ctx.caller_arn):
        raise validation_error(
            f"Only executions in status {' or '.join(RETRIED)} can be retried; {row.arn} is {row.status}."
        )
    ctx.pipelines.submit(row.arn)
    return {"PipelineExecutionArn": row.arn}


def find_execution(ctx: Context, arn: str) -> ExecutionRow:
    """The execution with that ARN; its pipeline's name may be in any case. Raises ServiceError(ResourceNotFound)."""
    pipeline, slash, execution_id = arn.rpartition("/execution/")
    beginning, _, name = pipeline.rpartition("/")
    row = ctx.store.executions.get(f"{beginning}/{name.lower()}{slash}{execution_id}")
    if row is None:
        raise ServiceError("ResourceNotFound", f"Pipeline execution '{arn}' does not exist.")
    return row


def _values(
    definition: Definition, selection: StepSelection | None, parameters: list[dict[str, str]]
) -> dict[str, Any]:
    """The values of all parameters. A selective execution takes those of its source unless others are given."""
    texts: dict[str, str] = {}
    for parameter in parameters:
        if parameter["Name"] in texts:
            raise validation_error(f"The parameter {parameter['Name']!r} is given twice.")
        texts[parameter["Name"]] = parameter["Value"]
    if selection is not None:
        earlier = selection.source.parameters
        texts = {
            **{name: as_text(value) for name, value in earlier.items() if name in definition.parameters},
            **texts,
        }
    try:
        return dict(parameter_values(definition.parameters, texts))
    except BadParameter as error:
        raise validation_error(str(error)) from None


def _new_row(
    ctx: Context, pipeline: PipelineRow, version: int, params: dict[str, Any], values: dict[str, Any]
) -> ExecutionRow:
    created = now()
    execution_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
    display_name = f"execution-{round(created * 1000)}"
    request: dict[str, Any] = {
        "PipelineExecutionDisplayName": display_name,
        **{
            name: pipeline.request[name]
            for name in ("RoleArn", "ParallelismConfiguration")
            if name in pipeline.request
        },
        **{name: params[name] for name in _MEMBERS if name in params},
    }
    return ExecutionRow(
        arn=f"{pipeline.arn}/execution/{execution_id}",
        pipeline=pipeline.key,
        version=version,
        status="Executing",
        request=request,
        parameters=values,
        failure_reason=None,
        created=created,
        modified=created,
        ended=None,
        created_by=ctx.caller_arn,
        modified_by=ctx.caller_arn,
        scope=ctx.scope,
    )


def _add_experiment(row: ExecutionRow, pipeline: PipelineRow, definition: Definition) -> None:
    """Add the experiment's names to the new execution's request."""
    started = utc_text(row.created) or ""
    values = ExecutionValues(row.parameters, variables(pipeline.name, row.arn, started, started))
    if definition.experiment:
        try:
            row.request["PipelineExperimentConfig"] = evaluate(dict(definition.experiment), values)
        except ValueError as error:
            raise validation_error(f"PipelineExperimentConfig: {error}") from None


def _summary(row: ExecutionRow) -> dict[str, Any]:
    return {
        "PipelineExecutionArn": row.arn,
        "StartTime": row.created,
        "PipelineExecutionStatus": row.status,
        "PipelineExecutionDescription": row.request.get("PipelineExecutionDescription"),
        "PipelineExecutionDisplayName": row.request.get("PipelineExecutionDisplayName"),
        "PipelineExecutionFailureReason": row.failure_reason,
    }
