"""CSV for a spreadsheet, line by line, so that it is sent while it is read."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

#: A cell that begins with one of these is a formula to a spreadsheet, whoever chose the text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(names: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The line of the names, then a line for each row; None is an empty cell, and no cell is a formula."""
    writer = csv.writer(_Echo())
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([_safe(value) for value in row])


def _safe(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value
