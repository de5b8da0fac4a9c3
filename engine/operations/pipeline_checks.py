"""Checks of a pipeline's definition when it is created or changed: the document, and the requests of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from engine.errors import validation_error
from engine.operations.context import Context
from engine.operations.step_calls import CALLS
from engine.operations.table import OPERATIONS
from engine.pipeline_definitions import BadDefinition, Definition, Step, parse_definition
from engine.pipeline_definitions.expressions import StepReference, is_expression
from engine.pipeline_definitions.members import as_json, names
from engine.pipeline_definitions.paths import NamePart, Path, written

#: Maximum bytes of a definition (API reference of PipelineDefinition), also of one in S3.
_MAX_BYTES = 1024 * 1024

#: What a literal of a shape's type must be in JSON.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
    "list": ((list,), "a list"),
    "string": ((str,), "a text"),
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}


def definition_text(ctx: Context, params: dict[str, Any]) -> str | None:
    """The definition that the request has or names in S3; None if it has none. Raises ServiceError."""
    if "PipelineDefinition" in params and "PipelineDefinitionS3Location" in params:
        raise validation_error("Give either PipelineDefinition or PipelineDefinitionS3Location, not both.")
    if "PipelineDefinitionS3Location" not in params:
        text: str | None = params.get("PipelineDefinition")
        return text
    location = params["PipelineDefinitionS3Location"]
    bucket, key = location["Bucket"], location["ObjectKey"]
    if location.get("VersionId", "null") != "null":
        raise validation_error("The embedded engine has no versions of objects: leave VersionId out.")
    info = ctx.objects.head(bucket, key)
    if info is None:
        raise validation_error(f"PipelineDefinitionS3Location: there is no object s3://{bucket}/{key}.")
    if info.size > _MAX_BYTES:
        raise validation_error(
            f"PipelineDefinitionS3Location: s3://{bucket}/{key} has {info.size} bytes; a definition has at most "
            f"{_MAX_BYTES}."
        )
    with ctx.objects.open(bucket, key) as reader:
        body = reader.read(info.size)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise validation_error(
            f"PipelineDefinitionS3Location: s3://{bucket}/{key} is not JSON in UTF-8."
        ) from None


def check_definition(text: str) -> Definition:
    """Parse and check a definition. Raises ServiceError(ValidationException)."""
    try:
        definition = parse_definition(text)
        for step in definition.steps.values():
            _check_step(definition, step)
    except BadDefinition as error:
        raise validation_error(f"Unable to parse pipeline definition. {error}") from None
    return definition


def _check_step(definition: Definition, step: Step) -> None:
    call = CALLS.get(step.type)
    if call is not None:
        if ("sagemaker", call.create) not in OPERATIONS:
            raise BadDefinition(f"{step.place}: the embedded engine does not implement {call.create}.")
        _check_value(f"{step.place}: Arguments", call.input_shape, step.arguments, [call.name])
    for reference in step.references():
        if isinstance(reference, StepReference):
            _check_property(step, definition.steps[reference.step], reference.path)


def _check_value(place: str, shape: Shape, value: Any, optional: Sequence[str] = ()) -> None:
    """Raises BadDefinition for a literal that the operation would not take, whatever the expressions give."""
    if value is None or is_expression(value):
        return
    _check_kind(place, shape, value)
    if isinstance(shape, StructureShape):
        _check_structure(place, shape, value, optional)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value):
            _check_value(f"{place}[{number}]", shape.member, item)
    elif isinstance(shape, MapShape):
        for name, item in value.items():
            _check_value(f"{place}.{name}", shape.value, item)


def _check_kind(place: str, shape: Shape, value: Any) -> None:
    kinds, noun = _KINDS.get(shape.type_name, ((object,), ""))
    if not isinstance(value, kinds) or (
        isinstance(value, bool) and bool not in kinds and object not in kinds
    ):
        raise BadDefinition(f"{place} is {as_json(value)}; it must be {noun} or an expression.")


def _check_structure(place: str, shape: StructureShape, value: Any, optional: Sequence[str]) -> None:
    for name, item in value.items():
        if name not in shape.members:
            raise BadDefinition(f"{place} has the member {name!r}; its members are {names(shape.members)}.")
        _check_value(f"{place}.{name}", shape.members[name], item)
    for name in shape.required_members:
        if value.get(name) is None and name not in optional:
            raise BadDefinition(f"{place} has no {name}, which must be given.")


def _check_property(step: Step, target: Step, path: Path) -> None:
    """Raises BadDefinition unless the path leads to a member of the describe answer of the other step."""
    call = CALLS.get(target.type)
    if call is None:
        return
    shape: Shape = call.described_shape
    for number, part in enumerate(path):
        text = part.text if isinstance(part, NamePart) else part
        place = f"{step.place} refers to {written(path)!r} of step {target.name!r}"
        if isinstance(shape, StructureShape):
            if text not in shape.members:
                parent = f"{written(path[:number])!r}" if number else f"the answer of {call.describe}"
                raise BadDefinition(f"{place}; {parent} has {names(shape.members)}.")
            shape = shape.members[str(text)]
        elif isinstance(shape, ListShape) and not isinstance(part, str):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            raise BadDefinition(f"{place}; {written(path[:number])!r} has no {text!r}.")
