"""What the first lines of CSV tell: a header above numbers, or a column of names beside them. Bytes in."""

from __future__ import annotations

import csv

_SHOWN = 60


def header_of(head: bytes) -> str:
    """The first line, if it looks like names above numbers; else empty."""
    rows = _rows(head, 2)
    if len(rows) < 2 or len(rows[0]) != len(rows[1]):
        return ""
    names = not any(_is_number(cell) for cell in rows[0]) and all(cell.strip() for cell in rows[0])
    return whole_lines(head)[0][:_SHOWN] if names and any(_is_number(cell) for cell in rows[1]) else ""


def has_first_column_of_names(head: bytes) -> bool:
    """Whether each row begins with what is no number and goes on with numbers alone, as rows with an id do."""
    rows = _rows(head, 20)
    return bool(rows) and all(
        len(row) > 1 and not _is_number(row[0]) and all(_is_number(cell) for cell in row[1:]) for row in rows
    )


def whole_lines(head: bytes) -> list[str]:
    """The lines that are all there; the last one may have been cut off."""
    return [line.decode("utf-8", "replace").rstrip("\r") for line in head.split(b"\n")[:-1] if line.strip()]


def _rows(head: bytes, most: int) -> list[list[str]]:
    try:
        return list(csv.reader(whole_lines(head)[:most]))
    except csv.Error:
        return []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
