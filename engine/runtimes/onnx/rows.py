"""Rows of CSV, JSON or JSON Lines as the arrays that a graph takes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: What NumPy makes of values that are written in JSON, by the type that they may become.
_KINDS = {"f": "iuf", "i": "iu", "u": "iu", "b": "b", "U": "U"}
#: How a truth is written in CSV.
_TRUTHS = {"true": 1, "1": 1, "false": 0, "0": 0}


class BadRows(ValueError):
    """A payload does not fit the graph's inputs. The message names the row or the input."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a graph: NumPy's type, and its shape, with names or None for sizes that may be any."""

    name: str
    dtype: str
    shape: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} {list(self.shape)}"

    @property
    def width(self) -> int | None:
        """The number of columns that a row has for this input; None if any."""
        if len(self.shape) < 2:
            return 1
        return self.shape[1] if isinstance(self.shape[1], int) else None


@dataclass(frozen=True, slots=True)
class Feeds:
    """The arrays of the inputs by name, and how many rows they have."""

    arrays: dict[str, Array]
    count: int


def read_rows(body: bytes, kind: str, inputs: Sequence[Input]) -> Feeds:
    """Read a payload of the content type text/csv, application/json or application/jsonlines. Raises BadRows."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadRows(f"The payload is not UTF-8: {error.reason} at byte {error.start}") from error
    if kind == "text/csv":
        return _of_csv(text, inputs)
    if kind == "application/jsonlines":
        return _of_instances([_parsed(line) for line in text.splitlines() if line.strip()], inputs)
    return _of_json(_parsed(text), inputs)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRows(f"The payload is not JSON: {error}") from error


def _of_csv(text: str, inputs: Sequence[Input]) -> Feeds:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    widths = _widths(rows, inputs)
    for number, row in enumerate(rows, start=1):
        if len(row) != sum(widths):
            raise BadRows(f"Row {number} has {len(row)} cells; the model takes {sum(widths)}")
    arrays: dict[str, Array] = {}
    start = 0
    for item, width in zip(inputs, widths, strict=True):
        cells = [row[start : start + width] for row in rows]
        array = _of_cells(cells, item, start)
        arrays[item.name] = array[:, 0] if len(item.shape) == 1 else array
        start += width
    return Feeds(arrays, len(rows))


def _widths(rows: list[list[str]], inputs: Sequence[Input]) -> list[int]:
    """The columns of each input, in order. Raises BadRows."""
    if not rows:
        raise BadRows("The payload has no rows")
    for item in inputs:
        if len(item.shape) > 2:
            raise BadRows(f"Input {item} has more than rows and columns; send JSON")
    if len(inputs) == 1:
        return [inputs[0].width or len(rows[0])]
    widths = [item.width for item in inputs]
    if None in widths:
        raise BadRows("The model has several inputs of any width; send JSON")
    return [width for width in widths if width is not None]


def _of_cells(rows: list[list[str]], item: Input, first: int) -> Array:
    """An array of cells. An empty cell is a missing value, which only floating point numbers and texts have."""
    if item.dtype == "str":
        return np.array(rows, dtype=object)
    dtype = np.dtype(item.dtype)
    try:
        if dtype.kind == "f":
            return np.array([[cell or "nan" for cell in row] for row in rows], dtype=dtype)
        return np.array([[_whole(cell, dtype) for cell in row] for row in rows], dtype=dtype)
    except (ValueError, OverflowError):
        raise _bad_cell(rows, dtype, first) from None


def _whole(cell: str, dtype: np.dtype[Any]) -> int:
    """An integer, or a truth as 1 and 0. Raises ValueError."""
    word = cell.strip().lower()
    if dtype.kind != "b":
        return int(word)
    if word not in _TRUTHS:
        raise ValueError(cell)
    return _TRUTHS[word]


def _bad_cell(rows: list[list[str]], dtype: np.dtype[Any], first: int) -> BadRows:
    """The error that names the first cell that is not of the type."""
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row, start=first + 1):
            try:
                np.array([float(cell or "nan") if dtype.kind == "f" else _whole(cell, dtype)], dtype=dtype)
            except (ValueError, OverflowError):
                return BadRows(f"Row {number}, column {column}: {cell!r} is no {dtype}")
    return BadRows(f"A cell is no {dtype}")


def _of_json(value: Any, inputs: Sequence[Input]) -> Feeds:
    if isinstance(value, list):
        return _of_instances(value, inputs)
    if isinstance(value, dict) and isinstance(value.get("instances"), list):
        return _of_instances(value["instances"], inputs)
    if isinstance(value, dict) and "inputs" in value:
        values = value["inputs"]
        return _feeds(values if isinstance(values, dict) else {inputs[0].name: values}, inputs)
    raise BadRows('JSON must be a list of rows, {"instances": [rows]} or {"inputs": {name: values}}')


def _of_instances(rows: list[Any], inputs: Sequence[Input]) -> Feeds:
    """Arrays of rows: of values if the graph has one input, else of objects with the inputs' names."""
    if not rows:
        raise BadRows("The payload has no rows")
    if all(isinstance(row, dict) for row in rows):
        names = rows[0].keys()
        for number, row in enumerate(rows, start=1):
            if row.keys() != names:
                raise BadRows(f"Row {number} has the names {', '.join(row)}; row 1 has {', '.join(names)}")
        return _feeds({name: [row[name] for row in rows] for name in names}, inputs)
    if len(inputs) != 1:
        names_of_inputs = ", ".join(item.name for item in inputs)
        raise BadRows(f"Each row must be an object with the names {names_of_inputs}")
    return _feeds({inputs[0].name: rows}, inputs)


def _feeds(values: dict[str, Any], inputs: Sequence[Input]) -> Feeds:
    if values.keys() != {item.name for item in inputs}:
        raise BadRows(
            f"The payload has the inputs {', '.join(values)}; the model takes {', '.join(item.name for item in inputs)}"
        )
    arrays = {item.name: _of_values(values[item.name], item) for item in inputs}
    counts = {len(array) for array in arrays.values() if array.ndim}
    if len(counts) != 1:
        raise BadRows(f"The inputs have different numbers of rows: {', '.join(map(str, sorted(counts)))}")
    return Feeds(arrays, counts.pop())


def _of_values(value: Any, item: Input) -> Array:
    """An array of JSON values, which must be of the input's type: no texts for numbers, no fractions for integers."""
    dtype = np.dtype(item.dtype)
    try:
        natural = np.array(value)
        if dtype.kind == "f" and natural.dtype.kind == "O":
            natural = np.array(value, dtype=np.float64)  # null is a missing value.
    except (ValueError, TypeError) as error:
        raise BadRows(f"Input {item.name} is no array of {dtype}: {error}") from error
    if natural.dtype.kind not in _KINDS[dtype.kind]:
        raise BadRows(f"Input {item.name} must be {item.dtype}, not {natural.dtype}")
    if dtype.kind in "iu" and natural.size:
        bounds = np.iinfo(dtype)
        if int(natural.min()) < bounds.min or int(natural.max()) > bounds.max:
            raise BadRows(f"Input {item.name} has numbers that {item.dtype} cannot hold")
    array = natural.astype(object if dtype.kind == "U" else dtype)
    # A row of a column alone may be written without brackets.
    if len(item.shape) == 2 and item.width == 1 and array.ndim == 1:
        return array.reshape(-1, 1)
    return array
