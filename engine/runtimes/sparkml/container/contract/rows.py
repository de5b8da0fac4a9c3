"""Rows of a request: CSV, JSON and JSON Lines, and their values as Java reads them."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..mleap.columns import WHOLE_NUMBERS, Column, Lists, Numbers, Table, Texts, Vectors
from ..mleap.java_text import json_text, parse_double, parse_float, parse_whole
from .schema import TYPES, WRONG_COLUMN_TYPE, WRONG_TYPE, BadRequest, ColumnSchema, DataSchema

#: The Java class of a JSON value, by its Python class.
_JAVA_CLASSES = {bool: "Boolean", float: "Double", str: "String", list: "ArrayList", dict: "LinkedHashMap"}
#: The required class of an array's elements.
_ELEMENTS = {
    "boolean": "Boolean", "byte": "Byte", "short": "Short", "int": "Integer", "long": "Long", "float": "Double",
    "double": "Double", "string": "String",
}  # fmt: skip

csv.field_size_limit(sys.maxsize)


def read_csv(payload: bytes) -> tuple[list[str], int]:
    """The cells of the first record, and the number of records. Raises BadRequest."""
    text = payload.decode(errors="replace")
    try:
        records = [record for record in csv.reader(io.StringIO(text, newline=""), strict=True) if record]
    except csv.Error as error:
        raise BadRequest(f"The payload is not CSV: {error}") from error
    if not records:
        raise BadRequest("Index: 0, Size: 0: the payload has no record")
    return records[0], len(records)


def csv_row(cells: list[str], schema: DataSchema) -> list[Any]:
    """The values of a record, with each cell parsed as its column's type. Raises BadRequest."""
    for number, column in enumerate(schema.inputs):
        if column.java_type not in TYPES:
            raise BadRequest(WRONG_TYPE)
        if number >= len(cells):
            raise BadRequest(f"Index {number} out of bounds for length {len(cells)}: a cell is missing")
        _basic(column.java_type, cells[number])
    return list(cells)


def read_request(payload: bytes) -> tuple[Any, list[Any]]:
    """The schema of a JSON request, or None, and its data. Raises BadRequest."""
    request = _json_object(payload.decode(errors="replace"))
    return request.get("schema"), _data(request)


def read_lines(payload: bytes) -> tuple[Any, list[list[Any]]]:
    """The schema in the first JSON line, or None, and all rows. Raises BadRequest.

    A line's data is one row or a list of rows.
    """
    lines = payload.decode(errors="replace").replace("\r\n", "\n").split("\n")
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    requests = [_json_object(line) for line in lines]
    rows: list[list[Any]] = []
    for request in requests:
        data = _data(request)
        if all(isinstance(item, list) for item in data):
            rows += data
        else:
            rows.append(data)
    return requests[0].get("schema"), rows


def make_table(row: list[Any], schema: DataSchema) -> Table:
    """A table with one row. Raises BadRequest with the container's message."""
    columns: dict[str, Column] = {}
    for number, column in enumerate(schema.inputs):
        if column.java_type not in TYPES:
            raise BadRequest(WRONG_COLUMN_TYPE)
        if number >= len(row):
            raise BadRequest(f"Index: {number}, Size: {len(row)}: the row has too few values")
        columns[column.name] = _column(column, row[number])
    return Table(columns, 1)


def _column(column: ColumnSchema, value: Any) -> Column:
    if column.struct == "basic":
        if value is None:
            raise BadRequest(f"The value of {column.name} is null")
        read = _basic(column.java_type, value)
        return Texts([read]) if isinstance(read, str) else Numbers(np.array([read]), column.java_type)
    if column.struct == "vector" and column.java_type != "double":
        raise BadRequest("Only Double type is supported for vector")
    if not isinstance(value, list):
        raise BadRequest(f"Input val is not a list but struct passed is {column.struct}")
    for item in value:
        if item is None or java_class(item) != _ELEMENTS[column.java_type]:
            raise BadRequest(
                f"java.lang.{java_class(item)} cannot be cast to java.lang.{_ELEMENTS[column.java_type]} "
                f"({column.name})"
            )
    if column.struct == "vector":
        return Vectors(np.array([value], dtype=np.float64).reshape(1, len(value)))
    return Lists([value], column.java_type)


def _basic(java_type: str, value: Any) -> bool | int | float | str:
    """Parse a basic value as the Java class of its type does. Raises BadRequest."""
    text = value if isinstance(value, str) else json_text(value)
    if java_type == "string":
        return text
    if java_type == "boolean":
        return text.lower() == "true"
    try:
        if java_type in WHOLE_NUMBERS:
            return parse_whole(text, java_type)
        return _PARSERS[java_type](text)
    except ValueError as error:
        raise BadRequest(str(error)) from error


_PARSERS: dict[str, Callable[[str], float]] = {"float": parse_float, "double": parse_double}


def java_class(value: Any) -> str:
    """The name of the Java class of a JSON value."""
    if isinstance(value, int) and not isinstance(value, bool):
        if -(2**31) <= value < 2**31:
            return "Integer"
        return "Long" if -(2**63) <= value < 2**63 else "BigInteger"
    return _JAVA_CLASSES.get(type(value), "null")


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The payload is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadRequest('A request must be a JSON object with "data", and maybe "schema"')
    return value


def _data(request: dict[str, Any]) -> list[Any]:
    data = request.get("data")
    if not isinstance(data, list):
        raise BadRequest('The request has no list "data"')
    return data
