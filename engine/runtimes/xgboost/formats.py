"""Parsing CSV and libsvm payloads, and writing predictions."""

from __future__ import annotations

import contextlib
import csv
from typing import Any

import numpy as np
import orjson
import simdjson
from scipy import sparse

#: Characters of the first row in which the image looks for the delimiter.
_SNIFFED = 512
#: Bytes of JSON numbers, and blanks that JSON allows between them.
_NUMBERS = b"0123456789+-.eE \r"

#: The range in which JSON writes numbers like Python; outside, exponents are written differently.
_PLAIN_RANGE = (1e-3, 1e15)
#: From this number of rows on, writing JSON and correcting some numbers is faster than writing each number.
_MANY_ROWS = 100

# Reuses its buffers between payloads.
_PARSER = simdjson.Parser()


class UnreadablePayload(ValueError):
    """The payload does not match its content type; `kind` is the exception's class that the image would name."""

    def __init__(self, message: str, kind: str = "ValueError") -> None:
        super().__init__(message)
        self.kind = kind


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
        text = payload.strip().decode()
    except UnicodeDecodeError as error:
        raise UnreadablePayload(str(error), "UnicodeDecodeError") from error
    delimiter = _sniff_delimiter(text)
    if "\n\n" not in text:
        # NumPy's reader does not read empty cells, and skips empty rows.
        for fills in (False, True):
            with contextlib.suppress(ValueError):
                return _read_plain(_filled(text, delimiter) if fills else text, delimiter)
    # Slower, but reads everything that the image reads.
    return _read_any(text, delimiter)


def _columns(payload: bytes) -> int:
    """The number of cells of each row if all rows have the same number and only characters of numbers; else 0.

    Also 0 if the image may find another delimiter than the comma.
    """
    ends = payload.translate(None, _NUMBERS)
    if not payload.endswith(b"\n"):
        ends += b"\n"
    row = ends[: ends.index(b"\n") + 1]
    if ends != row * (len(ends) // len(row)):
        return 0
    if len(row) == 1:
        return 0 if b" " in payload else 1
    return len(row) if payload.find(b",", 0, _SNIFFED) >= 0 else 0


def _read_as_json(payload: bytes) -> Any:
    cells = b"[" + payload.rstrip(b"\r\n").replace(b"\n", b",") + b"]"
    return np.frombuffer(_PARSER.parse(cells).as_buffer(of_type="d")).astype(np.float32)


def _sniff_delimiter(text: str) -> str:
    """The delimiter that the image takes, from the first row; a comma for one that is a letter or a digit."""
    try:
        delimiter = csv.Sniffer().sniff(text.partition("\n")[0][:_SNIFFED]).delimiter
    except csv.Error as error:
        raise UnreadablePayload(str(error), "_csv.Error") from error
    return "," if delimiter.isalnum() else delimiter


def _read_plain(text: str, delimiter: str) -> Any:
    return np.loadtxt(text.split("\n"), delimiter=delimiter, dtype=np.float32, ndmin=2, comments=None)


def _filled(text: str, delimiter: str) -> str:
    """The text with nan in its empty cells."""
    between, filled = delimiter * 2, f"{delimiter}nan{delimiter}"
    text = text.replace(between, filled).replace(between, filled)
    text = text.replace(f"\n{delimiter}", f"\nnan{delimiter}").replace(f"{delimiter}\n", f"{delimiter}nan\n")
    text = f"nan{text}" if text.startswith(delimiter) else text
    return f"{text}nan" if text.endswith(delimiter) else text


def _read_any(text: str, delimiter: str) -> Any:
    """The rows as the image reads them: cells of text, as float64."""
    rows = [["nan" if cell == "" else cell for cell in line.split(delimiter)] for line in text.split("\n")]
    try:
        return np.array(rows).astype(np.float64).astype(np.float32)
    except ValueError as error:
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


def read_libsvm(payload: bytes, *, shifts: bool) -> Any:
    """Parse lines of `label index:value ...`, the label being optional, to a sparse matrix.

    Index n is column n; with `shifts` it is column n - 1 if the payload has no index 0. Absent indices are missing
    values. Rows without indices behind the last row with one are dropped. Raises UnreadablePayload.
    """
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    try:
        for number, line in enumerate(payload.strip().decode().split("\n")):
            for pair in line.split(" "):
                if ":" in pair:
                    index, value = pair.split(":")[:2]
                    rows.append(number)
                    columns.append(int(index))
                    values.append(float(value))
        if shifts and columns and min(columns) >= 1:
            columns = [column - 1 for column in columns]
        return sparse.csr_matrix((np.array(values, dtype=np.float64), (rows, columns))).astype(np.float32)
    except ValueError as error:
        raise UnreadablePayload(str(error), type(error).__name__) from error
