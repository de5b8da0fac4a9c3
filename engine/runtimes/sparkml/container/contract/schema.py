"""The schema of a request: its input columns and its output column."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

TYPES = ("boolean", "byte", "short", "int", "long", "float", "double", "string")
STRUCTS = ("basic", "vector", "array")
#: The container's message for an invalid schema.
MISSING = "Input schema has to be provided either via environment variable or via the request"
WRONG_COLUMN_TYPE = "Data type passed in the request is wrong for one or more columns"
WRONG_TYPE = "Given type is not supported"


class BadRequest(ValueError):
    """The request is refused with a 400 and this text."""


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """A column's name, its type, and its struct: "basic", "vector" or "array"."""

    name: str
    java_type: str
    struct: str


@dataclass(frozen=True, slots=True)
class DataSchema:
    """The input columns in order, and the output column."""

    inputs: tuple[ColumnSchema, ...]
    output: ColumnSchema


def read_schema(described: Any) -> DataSchema:
    """Parse a schema's JSON value. Raises BadRequest."""
    if not isinstance(described, dict) or not isinstance(described.get("input"), list):
        raise BadRequest('The schema must be an object with a list "input" and an object "output"')
    return DataSchema(
        tuple(_column(column) for column in described["input"]), _column(described.get("output"))
    )


def parse_schema(text: str | None) -> DataSchema:
    """Parse the text of SAGEMAKER_SPARKML_SCHEMA. Raises BadRequest, also for an empty text."""
    if text is None:
        raise BadRequest(MISSING)
    try:
        return read_schema(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"SAGEMAKER_SPARKML_SCHEMA: {error}") from error


def _column(described: Any) -> ColumnSchema:
    if not isinstance(described, dict):
        raise BadRequest("A column of the schema must be an object with name and type")
    name, java_type, struct = described.get("name"), described.get("type"), described.get("struct") or "basic"
    if not isinstance(name, str) or not isinstance(java_type, str):
        raise BadRequest("A column of the schema must be an object with name and type")
    if struct not in STRUCTS:
        raise BadRequest(f"The struct of the column {name} is {struct!r}; it may be {', '.join(STRUCTS)}")
    return ColumnSchema(name, java_type, struct)
