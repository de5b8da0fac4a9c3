"""What the first lines of a CSV file show: a header, or a first column of names. Takes bytes."""

from __future__ import annotations

import csv

#: Characters of a cell; a longer one is no column's name and no number.
_LONGEST_CELL = 128 * 1024


def header_of(head: bytes) -> tuple[str, ...]:
    """The column names in the first line; empty if that line is data.

    A header is a line of texts, none of them a number, above a line of as many values of which at least one is a
    number. Names may repeat, as they do in joined tables. A line that repeats one text alone, such as NA,NA, is data.
    """
    # The second line may be the last, without a line end; where `head` cuts it off, it rarely has as many values.
    lines = [_text(line) for line in head.split(b"\n") if line.strip()][:2]
    if len(lines) < 2:
        return ()
    names, values = map(_cells, lines)
    are_names = all(names) and not any(map(_is_number, names)) and (len(names) == 1 or len({*names}) > 1)
    return names if are_names and len(values) == len(names) and any(map(_is_number, values)) else ()


def has_first_column_of_names(head: bytes) -> bool:
    """Whether each row is a text followed by numbers only, like rows that start with an id."""
    rows = [_cells(line) for line in whole_lines(head)[:20]]
    return bool(rows) and all(
        len(row) > 1 and not _is_number(row[0]) and all(map(_is_number, row[1:])) for row in rows
    )


def whole_lines(head: bytes) -> list[str]:
    """The lines that end within `head`, without empty ones."""
    return [_text(line) for line in head.split(b"\n")[:-1] if line.strip()]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")


def _cells(line: str) -> tuple[str, ...]:
    try:
        row = next(csv.reader([line]))
    except csv.Error:
        return ()
    # The limit of the csv module is one for the whole process, and other code may have raised it.
    return tuple(cell.strip() for cell in row) if max(map(len, row), default=0) <= _LONGEST_CELL else ()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
