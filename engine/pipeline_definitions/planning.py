"""What comes next in an execution: which steps may start, and whether anything is left_value to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.pipeline_definitions.definition import Definition
from engine.pipeline_definitions.steps import Step


@dataclass(frozen=True, slots=True)
class Progress:
    """A step that was started: whether it has succeeded, and the outcome of a Condition step that has."""

    succeeded: bool
    outcome: bool | None = None


def steps_that_may_start(
    definition: Definition, progress: Mapping[str, Progress], selected: Collection[str] | None = None
) -> list[Step]:
    """The steps that were not started and whose dependencies have all succeeded, in the document's order.

    Steps of a branch that is not taken never start, nor do steps that depend on them. With `selected`, only these
    steps start.
    """
    return [
        step
        for name, step in definition.steps.items()
        if name not in progress
        and (selected is None or name in selected)
        and _is_taken(step, progress, selected)
        and all(
            dependency in progress and progress[dependency].succeeded
            for dependency in definition.dependencies[name]
            if not _is_own_branch(step, dependency)
        )
    ]


def _is_own_branch(step: Step, dependency: str) -> bool:
    return step.branch is not None and step.branch[0] == dependency


def _is_taken(step: Step, progress: Mapping[str, Progress], selected: Collection[str] | None) -> bool:
    """Whether the step is in no branch or in the one that was taken. A selected step needs no Condition step."""
    if step.branch is None:
        return True
    condition, outcome = step.branch
    if selected is not None and condition not in selected:
        return True
    return condition in progress and progress[condition].succeeded and progress[condition].outcome == outcome
