"""Properties of templates as documents of requests: texts for numbers, and numbers for texts, are converted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from engine.errors import ServiceError

_INTEGER = re.compile(r"-?[0-9]{1,18}")


def convert(shape: Shape, value: Any, path: str = "") -> Any:
    """The value with the shape's types, where a template's value can stand for one.

    Raises ServiceError(ValidationError) for a member that the shape does not have.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if unknown := sorted(set(value) - set(shape.members)):
            raise ServiceError("ValidationError", f"Encountered unsupported property {path}{unknown[0]}.")
        return {key: convert(shape.members[key], item, f"{path}{key}/") for key, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [convert(shape.member, item, path) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: convert(shape.value, item, path) for key, item in value.items()}
    return _converted(shape.type_name, value)


def _converted(type_name: str, value: Any) -> Any:
    if type_name == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, int | float) else value
    if type_name in ("integer", "long") and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if type_name == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value
