"""Payloads as matrices: CSV and libsvm."""

from __future__ import annotations

import contextlib
import csv
from typing import Any

import numpy as np
import orjson

#: What may stand between the cells of a row; the first of these that the first row has.
DELIMITERS = ",;\t| "
#: Bytes of rows that are JSON but for their brackets, if their numbers are written as JSON's are.
_AS_JSON = b"0123456789+-.eE, \r\n"


class UnreadablePayload(ValueError):
    """The payload is not what its content type says."""


def read_csv(payload: bytes) -> Any:
    """Rows of numbers as float32; an empty cell is a missing value. No header, no label column.

    Raises UnreadablePayload.
    """
    if not payload.translate(None, _AS_JSON):
        # Most payloads, and several times as fast as any reader of CSV that makes the same numbers of them.
        with contextlib.suppress(ValueError):
            return _read_as_json(payload)
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise UnreadablePayload(str(error)) from error
    rows = [line for line in text.splitlines() if line]
    delimiter = _delimiter(rows[0] if rows else "")
    try:
        return _read_plain(rows, delimiter)
    except ValueError:
        # Slower, and able to read empty cells, quotes and the words that float() knows.
        return _read_any(rows, delimiter)


def _read_as_json(payload: bytes) -> Any:
    rows = payload.rstrip(b"\r\n").replace(b"\n", b"],[")
    return np.array(orjson.loads(b"[[" + rows + b"]]"), dtype=np.float32)


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
    except ValueError as error:
        raise UnreadablePayload(str(error)) from error


def read_libsvm(payload: bytes, features: int) -> Any:
    """`label index:value ...` or the same without a label; indices may begin at 0 or 1.

    Cells that are not named are missing values. Raises UnreadablePayload.
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
