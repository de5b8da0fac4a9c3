"""Showing the beginning of an output: rows of CSV or JSON Lines, text, or a word about binary. Bytes in."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Literal

from transform.decompression import NotGzip, beginning, is_gzip

#: Bytes read of an object.
LIMIT = 256 * 1024
#: Rows shown of them.
ROWS = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be shown. `rows` for a table (with `columns` for JSON Lines), `text` for text.

    `truncated`: there is more in the object than is shown. `size` is the whole object's, in bytes.
    """

    kind: Literal["table", "text", "binary", "empty"]
    size: int
    truncated: bool = False
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    text: str = ""


def make_preview(head: bytes, *, size: int, key: str, content_type: str = "") -> Preview:
    """From an object's first bytes; the kind is told by `content_type`, else by the key, else by looking."""
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
        lines.pop()  # the last one is probably a part of a line
    shown, more = lines[:ROWS], cut or len(lines) > ROWS
    kind = _kind(content_type, key, shown)
    if kind == "jsonlines":
        table = _json_table(shown)
        if table is not None:
            return Preview("table", size=size, truncated=more, columns=table[0], rows=table[1])
    if kind == "csv" and (rows := _csv_rows(shown)) is not None:
        return Preview("table", size=size, truncated=more, rows=rows)
    return Preview("text", size=size, truncated=more, text="\n".join(shown))


def _gunzip(head: bytes, cut: bool) -> tuple[bytes, bool]:
    try:
        body, is_whole = beginning(head, LIMIT)
    except NotGzip:
        return head, cut
    return body, not is_whole


def _decode(head: bytes, cut: bool) -> str | None:
    """UTF-8 text, or None for what is not; the cut may have gone through the last letter."""
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
    """Rows of CSV, or None for what the reader refuses, such as a field of more than 128 KiB."""
    try:
        return tuple(tuple(row) for row in csv.reader(io.StringIO("\n".join(lines))))
    except csv.Error:
        return None


def _json_table(lines: list[str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]] | None:
    """Columns and cells, if every line is JSON; columns are the objects' keys in order of appearance."""
    try:
        values = [json.loads(line) for line in lines if line.strip()]
    except ValueError:
        return None
    if not values:
        return None
    columns = tuple(dict.fromkeys(name for value in values if isinstance(value, dict) for name in value))
    if not all(isinstance(value, dict) for value in values):
        return ("value",), tuple((_cell(value),) for value in values)
    return columns, tuple(tuple(_cell(value.get(name, "")) for name in columns) for value in values)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
