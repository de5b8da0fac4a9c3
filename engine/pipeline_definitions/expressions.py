"""Expressions in a step's arguments: {"Get": …}, {"Std:Join": …} and {"Std:JsonGet": …}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from engine.pipeline_definitions.members import BadDefinition, as_json, names, read_member, read_object
from engine.pipeline_definitions.parameters import as_text
from engine.pipeline_definitions.paths import BadPropertyPath, Path, parse_path

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_FORMS = (GET, JOIN, JSON_GET)
#: Characters that the expressions of one step may give.
_MOST_TEXT = 1024 * 1024
_GET = re.compile(r"(Parameters|Execution)\.([A-Za-z0-9_-]+)|Steps\.([A-Za-z0-9_-]+)([.\[].+)", re.DOTALL)
#: The variables of an execution; the last two are the name of the job that the step itself starts.
VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "ProcessingJobName",
    "TrainingJobName",
)


@dataclass(frozen=True, slots=True)
class ParameterReference:
    """{"Get": "Parameters.name"}"""

    name: str


@dataclass(frozen=True, slots=True)
class VariableReference:
    """{"Get": "Execution.name"}"""

    name: str


@dataclass(frozen=True, slots=True)
class StepReference:
    """{"Get": "Steps.step.path"}: a member of the Describe answer of the step's job."""

    step: str
    path: Path


@dataclass(frozen=True, slots=True)
class FileReference:
    """The property file of a Processing step, from which {"Std:JsonGet": …} reads."""

    step: str
    name: str


Reference = ParameterReference | VariableReference | StepReference | FileReference


class Values(Protocol):
    """The values of one execution. Methods raise LookupError or ValueError with a sentence."""

    def of_parameter(self, name: str) -> Any:
        """The parameter's value."""

    def of_variable(self, name: str) -> Any:
        """One of VARIABLES."""

    def of_step(self, step: str, path: Path) -> Any:
        """The value at the path in the Describe answer of the step's job."""

    def of_file(self, file: FileReference | str, path: Path) -> Any:
        """The value at the path in a property file, or in the JSON object at an S3 URI."""


def is_expression(value: Any) -> bool:
    """Whether the JSON value is an expression."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _FORMS


def references(place: str, value: Any) -> Iterator[Reference]:
    """All references in a JSON value, at any depth. Raises BadDefinition for a malformed expression."""
    if isinstance(value, list):
        for item in value:
            yield from references(place, item)
    elif is_expression(value):
        form = next(iter(value))
        if form == GET:
            yield _parse_get(place, value[GET])
        elif form == JOIN:
            yield from references(place, _parse_join(place, value[JOIN])[1])
        else:
            source, _ = _parse_json_get(place, value[JSON_GET])
            if isinstance(source, FileReference):
                yield source
            else:
                yield from references(place, source)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from references(f"{place}: {name}", item)


def evaluate(value: Any, values: Values) -> Any:
    """The JSON value with the values of its expressions.

    Raises what `values` raises, and ValueError if the expressions give more than _MOST_TEXT characters.
    """
    return _Evaluation(values).evaluate(value)


class _Evaluation:
    """One evaluation: it counts what the expressions give, since short ones can name very long texts."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._room = _MOST_TEXT

    def evaluate(self, value: Any) -> Any:
        """The JSON value with the values of its expressions."""
        if isinstance(value, list):
            return [self.evaluate(item) for item in value]
        if is_expression(value):
            return self._value_of(value)
        if isinstance(value, dict):
            return {name: self.evaluate(item) for name, item in value.items()}
        return value

    def _value_of(self, expression: dict[str, Any]) -> Any:
        form = next(iter(expression))
        if form == JOIN:
            separator, parts = _parse_join("", expression[JOIN])
            texts = [as_text(self.evaluate(part)) for part in parts]
            self._count(sum(map(len, texts)) + len(separator) * len(texts))
            return separator.join(texts)
        if form == JSON_GET:
            source, path = _parse_json_get("", expression[JSON_GET])
            file = source if isinstance(source, FileReference) else as_text(self.evaluate(source))
            result = self._values.of_file(file, path)
        else:
            result = _value_of(_parse_get("", expression[GET]), self._values)
        self._count(len(json.dumps(result, default=str)))
        return result

    def _count(self, length: int) -> None:
        """Count a result before it is used."""
        self._room -= length
        if self._room < 0:
            raise ValueError(f"The expressions give more than {_MOST_TEXT:,} characters.")


def _value_of(reference: Reference, values: Values) -> Any:
    if isinstance(reference, ParameterReference):
        return values.of_parameter(reference.name)
    if isinstance(reference, VariableReference):
        return values.of_variable(reference.name)
    assert isinstance(reference, StepReference)
    return values.of_step(reference.step, reference.path)


def _parse_get(place: str, text: Any) -> Reference:
    match = _GET.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadDefinition(
            f"{place}: Get is {as_json(text)}; write Parameters.NAME, Steps.STEP.PATH or Execution.VARIABLE."
        )
    if match[1] == "Parameters":
        return ParameterReference(match[2])
    if match[1] == "Execution":
        if match[2] not in VARIABLES:
            raise BadDefinition(f"{place}: Get is {as_json(text)}; the variables are {names(VARIABLES)}.")
        return VariableReference(match[2])
    return StepReference(match[3], _parse_path(place, match[4]))


def _parse_join(place: str, value: Any) -> tuple[str, list[Any]]:
    value = read_object(f"{place}: {JOIN}", value, ("On", "Values"), ("On", "Values"))
    separator = read_member(f"{place}: {JOIN}", value, "On", str)
    parts = read_member(f"{place}: {JOIN}", value, "Values", list)
    for part in parts:
        if isinstance(part, list) or (isinstance(part, dict) and not is_expression(part)):
            raise BadDefinition(
                f"{place}: {JOIN} has {as_json(part)}; its Values must be texts, numbers or expressions."
            )
    return separator, parts


def _parse_json_get(place: str, value: Any) -> tuple[FileReference | Any, Path]:
    """The property file, or the expression of an S3 URI; and the path in it."""
    place = f"{place}: {JSON_GET}"
    value = read_object(place, value, ("PropertyFile", "S3Uri", "Path"), ("Path",))
    path = _parse_path(place, read_member(place, value, "Path", str))
    if ("PropertyFile" in value) == ("S3Uri" in value):
        raise BadDefinition(f"{place} is {as_json(value)}; it must have either PropertyFile or S3Uri.")
    if "S3Uri" in value:
        if not isinstance(value["S3Uri"], str) and not is_expression(value["S3Uri"]):
            raise BadDefinition(
                f"{place}: S3Uri is {as_json(value['S3Uri'])}; it must be a text or an expression."
            )
        return value["S3Uri"], path
    reference = _parse_get(place, value["PropertyFile"].get(GET)) if is_get(value["PropertyFile"]) else None
    if (
        not isinstance(reference, StepReference)
        or len(reference.path) != 2
        or reference.path[0] != "PropertyFiles"
    ):
        raise BadDefinition(
            f"{place}: PropertyFile is {as_json(value['PropertyFile'])}; "
            'write {"Get": "Steps.STEP.PropertyFiles.NAME"}.'
        )
    return FileReference(reference.step, getattr(reference.path[1], "text", str(reference.path[1]))), path


def is_get(value: Any) -> bool:
    """Whether the JSON value is {"Get": …}."""
    return is_expression(value) and GET in value


def _parse_path(place: str, text: str) -> Path:
    try:
        return parse_path(text)
    except BadPropertyPath as error:
        raise BadDefinition(f"{place}: {error}") from None
