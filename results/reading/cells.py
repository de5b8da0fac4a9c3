"""The values of a record as text, with names where it has any."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from transform.csv_rows import columns
from transform.dataprocessing import media_type
from transform.json_values import read_json

Format = Literal["csv", "jsonlines", "text", "binary"]

_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
#: Control characters that do not occur in text, unlike tabs and line ends.
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON_LINES = frozenset({"application/jsonlines", "application/x-ndjson", "application/x-jsonlines"})
_HEX_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as text; `name` is its key in JSON, empty in CSV and text."""

    text: str
    name: str = ""

    @property
    def number(self) -> float | None:
        """The value as a number; None if it is not one."""
        return float(self.text) if is_number(self.text) else None


def is_number(text: str) -> bool:
    """Whether a cell's text is a plain decimal number that a float can hold: 1e999 is none."""
    return len(text) < 64 and _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def format_of(content_type: str | None, key: str, head: bytes) -> Format:
    """The format of an object's records: by the content type, else by the key, else by its first bytes."""
    named = media_type(content_type)
    if named == "text/csv":
        return "csv"
    first = head.lstrip()[:1]
    if named in _JSON_LINES or (named == "application/json" and first in (b"{", b"[")):
        return "jsonlines"
    if named:
        return "jsonlines" if first == b"{" else "text"
    name = key.removesuffix(".out").removesuffix(".gz").lower()
    if first == b"{" or name.endswith((".jsonl", ".ndjson")):
        return "jsonlines"
    return "csv" if name.endswith(".csv") else "text"


def cells_of(body: bytes, form: Format) -> tuple[Cell, ...]:
    """The record's values; one cell with the whole record if it does not have the format `form`."""
    if form == "binary" or _NO_TEXT.search(body):
        return (Cell(hex_of(body)),)
    if form == "csv":
        return _csv_cells(body)
    if form == "jsonlines":
        return _json_cells(body)
    return (Cell(text_of(body)),)


def text_of(body: bytes) -> str:
    """UTF-8 text; other bytes are written as \\xe9."""
    return body.decode(errors="backslashreplace")


def readable(body: bytes, form: Format) -> str:
    """A whole record as text, or in hexadecimal if it is binary."""
    return hex_of(body, len(body)) if form == "binary" or _NO_TEXT.search(body) else text_of(body)


def hex_of(body: bytes, length: int = _HEX_SHOWN) -> str:
    """The first bytes in hexadecimal, in groups of four."""
    return body[:length].hex(" ", 4) + ("…" if len(body) > length else "")


def _csv_cells(body: bytes) -> tuple[Cell, ...]:
    try:
        return tuple(Cell(_unquoted(text_of(column))) for column in columns(body))
    except ValueError:
        return (Cell(text_of(body)),)


def _unquoted(column: str) -> str:
    if column.startswith('"') and column.endswith('"') and len(column) > 1:
        return column[1:-1].replace('""', '"')
    return column


def _json_cells(body: bytes) -> tuple[Cell, ...]:
    try:
        value = read_json(body)
    except (ValueError, RecursionError):
        return (Cell(text_of(body)),)
    if isinstance(value, dict):
        return tuple(Cell(_plain(inner), str(name)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(Cell(_plain(inner)) for inner in value)
    return (Cell(_plain(value)),)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
