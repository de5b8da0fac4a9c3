"""A pipeline's definition: the document as a whole, and the rules across its parameters and steps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.pipeline_definitions.expressions import (
    FileReference,
    ParameterReference,
    Reference,
    StepReference,
    VariableReference,
    references,
)
from engine.pipeline_definitions.members import BadDefinition, as_json, names, read_member, read_object
from engine.pipeline_definitions.parameters import Parameter, parse_parameter
from engine.pipeline_definitions.steps import CONDITION, FAIL, Step, parse_steps

_VERSION = "2020-12-01"
#: A bound of our own, far above SageMaker's quota.
_MOST_STEPS = 500
_MEMBERS = ("Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps", "MlflowConfig")


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked definition. `steps` has those of all branches, in the order of the document."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step]
    #: By step: the names of the steps that must have succeeded before it.
    dependencies: Mapping[str, frozenset[str]]
    #: {"ExperimentName", "TrialName"}, with expressions; empty if there is none.
    experiment: Mapping[str, Any]


def parse_definition(text: str) -> Definition:
    """Parse and check the JSON document. Raises BadDefinition."""
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(document, ensure_ascii=False).encode()
        return _parse(document)
    except UnicodeEncodeError:
        raise BadDefinition("The definition has characters that are not UTF-8.") from None
    except RecursionError:
        raise BadDefinition("The definition is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise BadDefinition(f"The definition is not JSON: {error}.") from None


def _refuse_constant(word: str) -> Any:
    raise BadDefinition(f"The definition is not JSON: {word} is not a number.")


def _parse(document: Any) -> Definition:
    document = read_object("The definition", document, _MEMBERS, ("Version", "Steps"))
    if document["Version"] != _VERSION:
        raise BadDefinition(f'Version is {as_json(document["Version"])}; it must be "{_VERSION}".')
    read_member("The definition", document, "Metadata", dict)
    if document.get("MlflowConfig") is not None:
        raise BadDefinition("The embedded engine does not support the member MlflowConfig.")
    parameters = _parse_parameters(document.get("Parameters"))
    steps: dict[str, Step] = {}
    for step in parse_steps("Steps", document["Steps"]):
        if step.name in steps:
            raise BadDefinition(
                f"{step.place}: another step has this name too; each needs a name of its own."
            )
        steps[step.name] = step
    if len(steps) > _MOST_STEPS:
        raise BadDefinition(f"The definition has {len(steps)} steps; at most {_MOST_STEPS} are allowed.")
    if not steps:
        raise BadDefinition("Steps is empty; a pipeline must have at least one step.")
    for step in steps.values():
        _check_references(step, parameters, steps)
    dependencies = {name: frozenset(step.dependencies()) for name, step in steps.items()}
    _check_order(dependencies)
    return Definition(parameters, steps, dependencies, _parse_experiment(document, parameters))


def _parse_parameters(value: Any) -> dict[str, Parameter]:
    if value is not None and not isinstance(value, list):
        raise BadDefinition(f"Parameters is {as_json(value)}; it must be a list of parameters.")
    parameters: dict[str, Parameter] = {}
    for number, item in enumerate(value or []):
        parameter = parse_parameter(f"Parameters[{number}]", item)
        if parameter.name in parameters:
            raise BadDefinition(f"Parameter {parameter.name!r}: another parameter has this name too.")
        parameters[parameter.name] = parameter
    return parameters


def _parse_experiment(document: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    place, members = "PipelineExperimentConfig", ("ExperimentName", "TrialName")
    value = document.get(place)
    if value is None:
        return {}
    value = read_object(place, value, members)
    for reference in references(place, value):
        if isinstance(reference, StepReference | FileReference):
            raise BadDefinition(f"{place} refers to the step {reference.step!r}; it may not refer to steps.")
        _check_parameter(place, reference, parameters)
    return value


def _check_references(step: Step, parameters: Mapping[str, Parameter], steps: Mapping[str, Step]) -> None:
    for name in step.depends_on:
        if name not in steps:
            raise BadDefinition(
                f"{step.place}: DependsOn has {name!r}; the pipeline's steps are {names(steps)}."
            )
    for reference in step.references():
        _check_parameter(step.place, reference, parameters)
        if isinstance(reference, StepReference | FileReference):
            _check_step(step, reference, steps)


def _check_parameter(place: str, reference: Reference, parameters: Mapping[str, Parameter]) -> None:
    if isinstance(reference, ParameterReference) and reference.name not in parameters:
        raise BadDefinition(
            f"{place} refers to the parameter {reference.name!r}; the pipeline's parameters are {names(parameters)}."
        )
    if isinstance(reference, VariableReference) and reference.name == "TrainingJobName":
        raise BadDefinition(f"{place} refers to TrainingJobName; the embedded engine has no Training steps.")


def _check_step(step: Step, reference: StepReference | FileReference, steps: Mapping[str, Step]) -> None:
    target = steps.get(reference.step)
    if target is None:
        raise BadDefinition(
            f"{step.place} refers to the step {reference.step!r}; the pipeline's steps are {names(steps)}."
        )
    if isinstance(reference, FileReference) and reference.name not in target.property_files:
        raise BadDefinition(
            f"{step.place} refers to the property file {reference.name!r} of step {target.name!r}; "
            f"its property files are {names(target.property_files)}."
        )
    if isinstance(reference, StepReference) and target.type == FAIL:
        raise BadDefinition(f"{step.place} refers to the Fail step {target.name!r}, which has no properties.")
    if isinstance(reference, StepReference) and target.type == CONDITION and reference.path != ("Outcome",):
        raise BadDefinition(
            f"{step.place} refers to a property of the Condition step {target.name!r}; its property is Outcome."
        )


def _check_order(dependencies: Mapping[str, frozenset[str]]) -> None:
    """Raises BadDefinition with the steps of a cycle, if there is one."""
    remaining = dict(dependencies)
    while remaining:
        free = [name for name, needed_steps in remaining.items() if not needed_steps & remaining.keys()]
        if not free:
            cycle = _cycle(remaining)
            raise BadDefinition(f"The steps wait for each other in a circle: {' -> '.join(cycle)}.")
        for name in free:
            del remaining[name]


def _cycle(remaining: Mapping[str, frozenset[str]]) -> list[str]:
    path = [next(iter(remaining))]
    while True:
        following = min(remaining[path[-1]] & remaining.keys())
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
