"""Selective execution: some steps of a pipeline run, with the results of an earlier execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.pipeline_definitions import Definition
from engine.pipeline_definitions.members import names
from engine.store.executions import UNFINISHED, ExecutionRow
from engine.store.pipelines import PipelineRow


@dataclass(frozen=True, slots=True)
class StepSelection:
    """The execution whose results are used, and SelectiveExecutionConfig with its ARN."""

    source: ExecutionRow
    config: dict[str, Any]


def read_selection(
    ctx: Context, pipeline: PipelineRow, definition: Definition, config: dict[str, Any] | None
) -> StepSelection | None:
    """Check a SelectiveExecutionConfig; None if there is none.

    Raises ServiceError if it names an unknown step or execution, or if a step that the selected steps need did not
    succeed in the source.
    """
    if config is None:
        return None
    selected = [step["StepName"] for step in config["SelectedSteps"]]
    for name in selected:
        if name not in definition.steps:
            raise validation_error(
                f"SelectedSteps has {name!r}; the pipeline's steps are {names(definition.steps)}."
            )
    source = _source(ctx, pipeline, config.get("SourcePipelineExecutionArn"))
    steps = ctx.store.executions.steps.of(source.arn)
    for name in reused_steps(definition, selected):
        if name not in steps or steps[name].status != "Succeeded":
            raise validation_error(
                f"The selected steps need the result of step {name!r}, which did not succeed in {source.arn}; "
                "select it too, or name another SourcePipelineExecutionArn."
            )
    return StepSelection(source, {**config, "SourcePipelineExecutionArn": source.arn})


def reused_steps(definition: Definition, selected: list[str]) -> list[str]:
    """The steps outside the selection on which a selected step depends, in the document's order.

    The Condition step of whose branch a step is part does not count: a selected step runs whatever its outcome was.
    """
    needed: set[str] = set()
    for name in selected:
        step = definition.steps[name]
        parent = {step.branch[0]} if step.branch is not None else set()
        referred = {reference.step for reference in step.references() if hasattr(reference, "step")}
        needed |= definition.dependencies[name] - (parent - referred - set(step.depends_on))
    return [name for name in definition.steps if name in needed and name not in selected]


def _source(ctx: Context, pipeline: PipelineRow, arn: str | None) -> ExecutionRow:
    if arn is None:
        newest = ctx.store.executions.newest(pipeline.key)
        if newest is None:
            raise validation_error(
                f"Pipeline {pipeline.name} has no finished execution whose results the selected steps could use."
            )
        return newest
    source = ctx.store.executions.get(arn)
    if source is None or source.pipeline != pipeline.key:
        raise ServiceError("ResourceNotFound", f"Pipeline {pipeline.name} has no execution '{arn}'.")
    if source.status in UNFINISHED:
        raise validation_error(f"The source execution {arn} is {source.status}; it must have ended.")
    return source
