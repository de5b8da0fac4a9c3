"""What commands print: tables and lines that cannot control the terminal, or JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

Format = Literal["text", "json", "jsonl"]

#: Control characters but tab and line feed, and those that turn the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_STYLES = {
    "COMPLETED": "green",
    "FAILED": "red",
    "REJECTED": "red",
    "STOPPED": "yellow",
    "CANCELLED": "yellow",
    "STOPPING": "yellow",
    "IN_PROGRESS": "cyan",
}


def safe(text: object) -> str:
    """The text with control characters as escapes, such as \\x1b, so that a terminal shows them and obeys none."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), str(text))


def cell(value: object) -> str:
    """A value on one line; empty for None."""
    return "" if value is None else " ".join(safe(value).split())


class Printer:
    """Prints results on standard output, and everything else on standard error."""

    def __init__(self, output: Format, *, no_color: bool) -> None:
        self.format = output
        plain: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": True}
        if no_color:
            plain["no_color"] = True
        self._out = Console(file=sys.stdout, **plain)
        self.err = Console(file=sys.stderr, **plain)

    @property
    def is_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return self._out.is_terminal

    def line(self, text: str = "", style: str = "") -> None:
        """A line of a result, or several."""
        self._out.print(Text(safe(text)), style=style or None)

    def note(self, text: str, style: str = "") -> None:
        """A line for a person, beside the result."""
        self.err.print(Text(safe(text)), style=style or None)

    def result(self, value: Any) -> bool:
        """Print a value as JSON if that was asked for; false if it was not."""
        if self.format == "text":
            return False
        indent = 2 if self.format == "json" else None
        self._out.file.write(json.dumps(value, indent=indent) + "\n")
        self._out.file.flush()
        return True

    def rows(self, rows: Iterable[Any], columns: Mapping[str, Any]) -> None:
        """A list: JSON, a line of JSON for each row, a table on a terminal, or lines with tabs.

        `columns` maps a heading to a function that takes a row.
        """
        if self.format == "jsonl":
            for row in rows:
                self.result(row)
        elif self.format == "json":
            self.result(list(rows))
        elif self.is_terminal:
            self._table(list(rows), columns)
        else:
            for row in rows:
                self._out.file.write("\t".join(cell(of(row)) for of in columns.values()) + "\n")

    def _table(self, rows: Sequence[Any], columns: Mapping[str, Any]) -> None:
        if not rows:
            self.note("Nothing.")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in columns:
            table.add_column(heading, overflow="fold")
        for row in rows:
            texts = [cell(of(row)) for of in columns.values()]
            table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in texts))
        self._out.print(table)

    def facts(self, facts: Mapping[str, object]) -> None:
        """Names with their values, one a line; empty values are left out."""
        rows = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
        width = max(map(len, rows), default=0)
        for name, value in rows.items():
            text = cell(value)
            self._out.print(Text(f"{name:<{width}}  ", style="bold"), Text(text, style=_STYLES.get(text, "")))
