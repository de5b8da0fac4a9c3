"""Filters of rows: a comparison with the prediction or a column, or a text anywhere in the row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_COMPARISON = re.compile(
    r"(?P<name>[^<>=!]*)(?P<sign>>=|<=|!=|==|=|>|<)\s*(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)"
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A filter: the row contains `text`, or its value in column `name` compares by `sign` with `number`.

    An empty `name` means the prediction.
    """

    text: str = ""
    name: str = ""
    sign: str = ""
    number: float = 0.0

    @property
    def compares(self) -> bool:
        """Whether the filter compares numbers."""
        return bool(self.sign)

    def holds(self, value: float | None) -> bool:
        """Whether the comparison is true; never for None."""
        return value is not None and _SIGNS[self.sign](value, self.number)


def parse_filter(text: str) -> RowFilter | None:
    """Parse `>0.5`, `score >= 0.8` or a case-insensitive text; None for an empty text."""
    text = text.strip()
    if not text:
        return None
    # Blanks are stripped, not matched: a pattern with several runs of blanks takes minutes over a thousand of them.
    match = _COMPARISON.fullmatch(text)
    if match:
        try:
            return RowFilter(name=match["name"].strip(), sign=match["sign"], number=float(match["number"]))
        except ValueError:
            pass  # A number with several dots is searched as text.
    return RowFilter(text=text.casefold())
