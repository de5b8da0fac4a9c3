"""A pipeline's parameters: their definitions, and the values of one execution."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.pipeline_definitions.members import BadDefinition, as_json, names, read_member, read_object

_MEMBERS = ("Name", "Type", "DefaultValue", "EnumValues", "Description")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_DEFAULT = 4096
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TYPES = {"String": "a text", "Integer": "a whole number", "Float": "a number", "Boolean": "true or false"}

Value = str | int | float | bool


class BadParameter(ValueError):
    """A value of an execution's parameters is not valid. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `default` is None if a value must be given; `enum` is empty if every value is allowed."""

    name: str
    type: str
    default: Value | None
    enum: tuple[Value, ...]


def parse_parameter(place: str, value: Any) -> Parameter:
    """Read the definition of a parameter. Raises BadDefinition."""
    value = read_object(place, value, _MEMBERS, ("Name", "Type"))
    name, kind = read_member(place, value, "Name", str), read_member(place, value, "Type", str)
    if not _NAME.fullmatch(name):
        raise BadDefinition(
            f"{place}: Name is {as_json(name)}; it must have 1 to 64 letters, digits, hyphens or underscores."
        )
    place = f"Parameter {name!r}"
    if kind not in _TYPES:
        raise BadDefinition(f"{place}: Type is {as_json(kind)}; the types are {names(_TYPES)}.")
    read_member(place, value, "Description", str)
    enum = tuple(read_member(place, value, "EnumValues", list, []))
    default = value.get("DefaultValue")
    for member, item in [("DefaultValue", default), *(("EnumValues", item) for item in enum)]:
        if (item is not None or member == "EnumValues") and not _has_type(item, kind):
            raise BadDefinition(
                f"{place}: {member} has {as_json(item)}; the type {kind} needs {_TYPES[kind]}."
            )
    if isinstance(default, str) and len(default) > _LONGEST_DEFAULT:
        raise BadDefinition(
            f"{place}: DefaultValue has {len(default)} characters; at most {_LONGEST_DEFAULT} are allowed."
        )
    if enum and default is not None and default not in enum:
        raise BadDefinition(
            f"{place}: DefaultValue is {as_json(default)}; EnumValues allows {names([as_json(item) for item in enum])}."
        )
    return Parameter(name, kind, default, enum)


def parameter_values(parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> dict[str, Value]:
    """The values of an execution: those that are given as texts, and the defaults of the others.

    Raises BadParameter for an unknown parameter, a missing value, or one of another type or outside EnumValues.
    """
    for name in texts:
        if name not in parameters:
            raise BadParameter(
                f"The pipeline has no parameter {name!r}; its parameters are {names(parameters)}."
            )
    values: dict[str, Value] = {}
    for name, parameter in parameters.items():
        if name in texts:
            values[name] = _converted(parameter, texts[name])
        elif parameter.default is not None:
            values[name] = parameter.default
        else:
            raise BadParameter(f"The parameter {name!r} has no default value, and none is given.")
    return values


def as_text(value: Any) -> str:
    """A value within a text: true and false in small letters, texts as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _converted(parameter: Parameter, text: str) -> Value:
    value = _read(parameter.type, text)
    if value is None:
        raise BadParameter(
            f"The parameter {parameter.name!r} is {text!r}; its type {parameter.type} needs {_TYPES[parameter.type]}."
        )
    if parameter.enum and value not in parameter.enum:
        allowed = names([as_text(item) for item in parameter.enum])
        raise BadParameter(f"The parameter {parameter.name!r} is {text!r}; allowed are {allowed}.")
    return value


def _read(kind: str, text: str) -> Value | None:
    if kind == "String":
        return text
    if kind == "Boolean":
        return {"true": True, "false": False}.get(text.strip().lower())
    if kind == "Integer":
        return int(text) if _WHOLE_NUMBER.fullmatch(text.strip()) else None
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _has_type(value: Any, kind: str) -> bool:
    if kind in ("String", "Boolean"):
        return isinstance(value, str if kind == "String" else bool)
    return isinstance(value, int if kind == "Integer" else (int, float)) and not isinstance(value, bool)
