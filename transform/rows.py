"""Counting rows: how many records a job's text has, and how many its output has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from transform.dataprocessing import media_type

_EMPTY_LINES = re.compile(rb"\n{2,}")


class RowCounter:
    """Counts the rows of a text that comes in pieces, without keeping it.

    A row is a line, ended by LF only, that is not empty: a record of SplitType Line. So a line feed
    inside the quotes of a CSV field ends a row here, as it does in the service (no embedded newlines, developer
    guide), a last line needs no line feed, and empty lines, CR or not, are none.
    """

    def __init__(self) -> None:
        self._ended = 0
        self._open = False

    @property
    def rows(self) -> int:
        """The rows so far, including a last one without a line feed."""
        return self._ended + self._open

    def add(self, piece: bytes) -> None:
        """Count the rows of the next piece."""
        text = piece.replace(b"\r", b"") if b"\r" in piece else piece
        if not text:
            return
        # Begun as it was left: a line feed behind another one ends nothing.
        text = (b"-" if self._open else b"\n") + text
        empty = sum(len(run) - 1 for run in _EMPTY_LINES.findall(text))
        self._ended += text.count(b"\n") - (not self._open) - empty
        self._open = not text.endswith(b"\n")


def has_a_row_each(request: Mapping[str, Any]) -> bool:
    """Whether each row of an input should have one row of output; `request` has the SDK's field names.

    That is so if lines are split and assembled again. Filters and joins keep the records. A model that is asked
    for JSON may answer many records with one document.
    """
    by_lines = request.get("split_type") == "Line" and request.get("assemble_with") == "Line"
    answers = media_type(request.get("accept") or request.get("content_type"))
    return by_lines and (answers != "application/json" or request.get("strategy") == "SingleRecord")
