"""Preview the beginning of an object: rows of CSV or JSON Lines, text, or binary. Bytes in."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Literal

from transform.decompression import NotGzip, beginning, is_gzip
from transform.json_values import read_json

#: Bytes read of an object.
LIMIT = 256 * 1024
#: Rows shown of these bytes, and columns of a table: LIMIT bytes can hold more cells than a browser can show.
ROWS, COLUMNS = 200, 200


@dataclass(frozen=True, slots=True)
class Preview:
    """The part of an object that is shown: `rows` of a table (with `columns` for JSON Lines), or `text`.

    `truncated`: the object has more than is shown. `size` is the whole object's, in bytes.
    """

    kind: Literal["table", "text", "binary", "empty"]
    size: int
    truncated: bool = False
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    text: str = ""


def make_preview(head: bytes, *, size: int, key: str, content_type: str = "") -> Preview:
    """Make a preview of an object's first bytes; its kind follows from `content_type`, else the key, else the bytes."""
    if not head:
        return Preview("empty", size=size)
    cut = len(head) < size
    if is_gzip(head):
        head, cut = _gunzip(head, cut)
    text = _decode(head, cut)
    if text is None:
        return Preview("binary", size=size, truncated=cut)
    lines = text.splitlines()
    if cut and len(lines) > 1:
        lines.pop()  # The last line is probably cut.
    shown_lines, more = lines[:ROWS], cut or len(lines) > ROWS
    kind = _kind(content_type, key, shown_lines)
    if kind == "jsonlines":
        table = _json_table(shown_lines)
        if table is not None:
            more = more or len(table[0]) > COLUMNS
            return Preview("table", size=size, truncated=more, columns=table[0][:COLUMNS], rows=table[1])
    if kind == "csv" and (rows := _csv_rows(shown_lines)) is not None:
        more = more or any(len(row) > COLUMNS for row in rows)
        return Preview("table", size=size, truncated=more, rows=tuple(row[:COLUMNS] for row in rows))
    return Preview("text", size=size, truncated=more, text="\n".join(shown_lines))


def _gunzip(head: bytes, cut: bool) -> tuple[bytes, bool]:
    try:
        body, is_whole = beginning(head, LIMIT)
    except NotGzip:
        return head, cut
    return body, cut or not is_whole


def _decode(head: bytes, cut: bool) -> str | None:
    """UTF-8 text, or None for other bytes; the last letter may have been cut."""
    for dropped in range(4 if cut else 1):
        try:
            text = head[: len(head) - dropped].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _kind(content_type: str, key: str, lines: list[str]) -> Literal["csv", "jsonlines", "text"]:
    named = content_type.split(";")[0].strip().lower()
    if named in {"application/jsonlines", "application/x-ndjson", "application/json"}:
        return "jsonlines"
    if named == "text/csv":
        return "csv"
    name = key.removesuffix(".out").removesuffix(".gz").lower()
    if lines and lines[0].lstrip().startswith(("{", "[")):
        return "jsonlines"
    return "csv" if name.endswith(".csv") else "text"


def _csv_rows(lines: list[str]) -> tuple[tuple[str, ...], ...] | None:
    """Rows of CSV; None if the reader refuses them, such as a field of more than 128 KiB."""
    try:
        return tuple(tuple(row) for row in csv.reader(io.StringIO("\n".join(lines))))
    except csv.Error:
        return None


def _json_table(lines: list[str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]] | None:
    """All columns, and the cells of the first COLUMNS, if every line is JSON, else None.

    Columns are the objects' keys in order of appearance.
    """
    try:
        values = [read_json(line) for line in lines if line.strip()]
        if not values:
            return None
        if not all(isinstance(value, dict) for value in values):
            return ("value",), tuple((_cell(value),) for value in values)
        columns = tuple(dict.fromkeys(name for value in values for name in value))
        shown_columns = columns[:COLUMNS]
        return columns, tuple(tuple(_cell(value.get(name, "")) for name in shown_columns) for value in values)
    except (ValueError, RecursionError):
        # A text that is nested too deeply ends in a RecursionError.
        return None


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
