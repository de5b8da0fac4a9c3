"""Looking for rows: a comparison with the prediction, or a text anywhere in the row."""

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
class Filter:
    """What a row must be like: hold `text`, or have in column `name` what compares so with `number`.

    An empty `name` is the prediction.
    """

    text: str = ""
    name: str = ""
    sign: str = ""
    number: float = 0.0

    @property
    def compares(self) -> bool:
        """Whether a number is looked at, not a text."""
        return bool(self.sign)

    def holds(self, value: float | None) -> bool:
        """Whether the value compares as asked; what is no number never does."""
        return value is not None and _SIGNS[self.sign](value, self.number)


def parse_filter(text: str) -> Filter | None:
    """`>0.5`, `score >= 0.8` or a text, in which capitals do not matter; None for nothing."""
    text = text.strip()
    if not text:
        return None
    # Blanks are stripped, not matched: a pattern with several stretches of them takes minutes over a thousand.
    match = _COMPARISON.fullmatch(text)
    if match:
        try:
            return Filter(name=match["name"].strip(), sign=match["sign"], number=float(match["number"]))
        except ValueError:
            pass  # Several dots are no number, but may be a text.
    return Filter(text=text.casefold())
