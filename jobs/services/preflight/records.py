"""What the first bytes of an input tell about its records. Bytes in, an answer out."""

from __future__ import annotations

import csv
import json

_SHOWN = 60


def header_of(head: bytes) -> str:
    """The first line of CSV, if it looks like names above numbers; else empty."""
    lines = _lines(head)[:2]
    try:
        rows = list(csv.reader(lines))
    except csv.Error:
        return ""
    if len(rows) < 2 or len(rows[0]) != len(rows[1]):
        return ""
    names = not any(_is_number(cell) for cell in rows[0]) and all(cell.strip() for cell in rows[0])
    return lines[0][:_SHOWN] if names and any(_is_number(cell) for cell in rows[1]) else ""


def line_in_quotes(head: bytes) -> int:
    """The number of the first line of CSV on which a quoted value does not end, 0 if there is none."""
    for number, line in enumerate(_lines(head), start=1):
        if line.count('"') % 2:
            return number
    return 0


def is_no_json_line(head: bytes) -> bool:
    """Whether the first line is no JSON value by itself."""
    lines = _lines(head)
    if not lines:
        return False
    try:
        json.loads(lines[0])
    except (ValueError, RecursionError):
        return True
    return False


def _lines(head: bytes) -> list[str]:
    """The whole lines; the last one may have been cut off."""
    return [line.decode("utf-8", "replace").rstrip("\r") for line in head.split(b"\n")[:-1] if line.strip()]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
