"""Parsing CSV and libsvm payloads, and writing predictions."""

from __future__ import annotations

import contextlib
import csv
from typing import Any

import numpy as np
import orjson
import simdjson

#: Possible delimiters; the first of them that the first row contains is used.
DELIMITERS = ",;\t| "
#: Bytes of JSON numbers, and blanks that JSON allows between them.
_NUMBERS = b"0123456789+-.eE \r"

#: The range in which JSON writes numbers like Python; outside, exponents are written differently.
_PLAIN_RANGE = (1e-3, 1e15)
#: From this number of rows on, writing JSON and correcting some numbers is faster than writing each number.
_MANY_ROWS = 100

# Reuses its buffers between payloads.
_PARSER = simdjson.Parser()


class UnreadablePayload(ValueError):
    """The payload does not match its content type."""


def read_csv(payload: bytes) -> Any:
    """Parse rows of numbers, without header and label column, to float32; empty cells are missing values.

    Raises UnreadablePayload.
    """
    columns = _columns(payload)
    if columns:
        # Works for most payloads, and several times as fast as CSV readers with the same results. Raises TypeError for
        # other JSON values than numbers, RuntimeError for too long integers.
        with contextlib.suppress(ValueError, TypeError, RuntimeError):
            return _read_as_json(payload).reshape(-1, columns)
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise UnreadablePayload(str(error)) from error
    rows = [line for line in text.splitlines() if line]
    delimiter = _delimiter(rows[0] if rows else "")
    try:
        return _read_plain(rows, delimiter)
    except ValueError:
        # Slower, but reads empty cells, quotes, and words such as "nan".
        return _read_any(rows, delimiter)


def _columns(payload: bytes) -> int:
    """The number of cells of each row if all rows have the same number and only characters of numbers; else 0."""
    ends = payload.translate(None, _NUMBERS)
    if not payload.endswith(b"\n"):
        ends += b"\n"
    row = ends[: ends.index(b"\n") + 1]
    return len(row) if ends == row * (len(ends) // len(row)) else 0


def _read_as_json(payload: bytes) -> Any:
    cells = b"[" + payload.rstrip(b"\r\n").replace(b"\n", b",") + b"]"
    return np.frombuffer(_PARSER.parse(cells).as_buffer(of_type="d")).astype(np.float32)


def _delimiter(first: str) -> str:
    return next((sign for sign in DELIMITERS if sign in first), ",")


def _read_plain(rows: list[str], delimiter: str) -> Any:
    return np.loadtxt(rows, delimiter=delimiter, dtype=np.float32, ndmin=2, comments=None)


def _read_any(rows: list[str], delimiter: str) -> Any:
    try:
        cells = [
            [float(cell) if cell.strip() else np.nan for cell in row]
            for row in csv.reader(rows, delimiter=delimiter)
        ]
        return np.array(cells, dtype=np.float32)
    except (ValueError, csv.Error) as error:
        raise UnreadablePayload(str(error)) from error


def write_lines(predictions: Any) -> bytes:
    """Write each prediction as a line, as Python's repr(); multi-class predictions as lists."""
    rows = predictions.tolist()
    if predictions.ndim > 1 or len(rows) < _MANY_ROWS:
        return "".join(f"{row!r}\n" for row in rows).encode()
    lines = orjson.dumps(rows)[1:-1].split(b",")
    size = np.abs(predictions)
    least, most = _PLAIN_RANGE
    for number in np.flatnonzero(~((size >= least) & (size < most) | (size == 0))):
        lines[number] = repr(rows[number]).encode()
    return b"\n".join(lines) + b"\n"


def read_libsvm(payload: bytes, features: int) -> Any:
    """Parse lines of `label index:value ...`, the label being optional. Indices start at 0 or 1.

    Absent indices are missing values. Raises UnreadablePayload.
    """
    try:
        rows = [_pairs(line) for line in payload.decode().splitlines() if line.strip()]
    except ValueError as error:
        raise UnreadablePayload(str(error)) from error
    least = min((index for row in rows for index, _ in row), default=0)
    shift = 1 if least >= 1 else 0
    matrix = np.full((len(rows), features), np.nan, dtype=np.float32)
    for number, row in enumerate(rows):
        for index, value in row:
            if not 0 <= index - shift < features:
                raise UnreadablePayload(f"feature {index} is not one of the model's {features}")
            matrix[number, index - shift] = value
    return matrix


def _pairs(line: str) -> list[tuple[int, float]]:
    pairs = (part.partition(":") for part in line.split() if ":" in part)
    return [(int(index), float(value)) for index, _, value in pairs]
