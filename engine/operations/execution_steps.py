"""What an execution does: ListPipelineExecutionSteps, its parameters and its definition."""

from __future__ import annotations

from typing import Any

from engine.errors import validation_error
from engine.operations.context import Context
from engine.operations.paging import first_position, make_token
from engine.operations.pipeline_executions import find_execution
from engine.operations.table import operation
from engine.pipeline_definitions import Step, parse_definition
from engine.pipeline_definitions.parameters import as_text
from engine.store.execution_steps import StepRow
from engine.store.executions import ExecutionRow
from engine.store.pipelines import VersionRow

#: Default MaxResults (API reference).
_PAGE = 10


@operation("sagemaker", "ListPipelineExecutionSteps")
def list_steps(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the steps of an execution that were started, by default the latest first."""
    if "PipelineExecutionArn" not in params:
        raise validation_error("Give a PipelineExecutionArn.")
    row = find_execution(ctx, params["PipelineExecutionArn"])
    ascending = params.get("SortOrder") == "Ascending"
    listing, limit = f"pipeline-steps:{row.arn}:{ascending}", params.get("MaxResults", _PAGE)
    rows = ctx.store.executions.steps.page(
        row.arn, ascending=ascending, limit=limit + 1, after=first_position(params, listing, (int,))
    )
    steps = parse_definition(_version(ctx, row).definition).steps
    answer: dict[str, Any] = {
        "PipelineExecutionSteps": [_entry(step, steps[step.name]) for step in rows[:limit]]
    }
    if len(rows) > limit:
        answer["NextToken"] = make_token(listing, [rows[limit - 1].number])
    return answer


@operation("sagemaker", "ListPipelineParametersForExecution")
def list_parameters(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the values of an execution's parameters, sorted by name."""
    row = find_execution(ctx, params["PipelineExecutionArn"])
    listing, limit = f"pipeline-parameters:{row.arn}", params.get("MaxResults", _PAGE)
    position = first_position(params, listing, (str,))
    values = sorted((name, as_text(value)) for name, value in row.parameters.items())
    remaining = [item for item in values if position is None or item[0] > position[0]]
    page = remaining[:limit]
    answer: dict[str, Any] = {"PipelineParameters": [{"Name": name, "Value": text} for name, text in page]}
    if len(remaining) > limit:
        answer["NextToken"] = make_token(listing, [page[-1][0]])
    return answer


@operation("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_definition(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The definition with which an execution runs."""
    version = _version(ctx, find_execution(ctx, params["PipelineExecutionArn"]))
    return {"PipelineDefinition": version.definition, "CreationTime": version.created}


def _version(ctx: Context, row: ExecutionRow) -> VersionRow:
    version = ctx.store.pipelines.version(row.pipeline, row.version)
    assert version is not None, "an execution is deleted with its pipeline's versions"
    return version


def _entry(row: StepRow, step: Step) -> dict[str, Any]:
    source = {"SourcePipelineExecutionArn": row.source} if row.source else None
    return {
        "StepName": row.name,
        "StepDisplayName": step.display_name,
        "StepDescription": step.description,
        "StartTime": row.started,
        "EndTime": row.ended,
        "StepStatus": row.status,
        "CacheHitResult": source if row.source_kind == "cache" else None,
        "SelectiveExecutionResult": source if row.source_kind == "selective" else None,
        "FailureReason": row.failure_reason,
        "Metadata": row.metadata,
        "AttemptCount": row.attempt,
    }
