"""Which columns of texts are numbers: those where nothing of a text is lost when it becomes a number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Context, Decimal
from enum import Enum

#: `007` and `+49` are no numbers but names made of digits.
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_NO_DECIMALS = frozenset({"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"})
#: Any decimal number of so many characters, without exponent, is told apart from all others by a double.
_SURE_LENGTH = 15
_LONGEST = 400
_WHOLE_LIMIT = 2**63


class ColumnKind(Enum):
    """What a column's values are."""

    #: No value was seen.
    EMPTY = "empty"
    WHOLE = "whole"
    DECIMAL = "decimal"
    TEXT = "text"


class KindFinder:
    """The kinds of columns, from their texts row by row. An empty text and None are no value."""

    def __init__(self) -> None:
        self._kinds: list[ColumnKind] = []
        #: Of each column, whether its whole numbers are doubles too.
        self._doubles: list[bool] = []
        #: The columns that are not known to be texts.
        self._open: list[int] | None = None

    @property
    def kinds(self) -> list[ColumnKind]:
        """The kinds by the rows that were seen."""
        return list(self._kinds)

    @property
    def is_settled(self) -> bool:
        """Whether no further row can change a kind."""
        return self._open == []

    def see(self, row: Sequence[str | None]) -> None:
        """Take a row into account. All rows have the same columns."""
        if self._open is None:
            self._kinds, self._doubles = [ColumnKind.EMPTY] * len(row), [True] * len(row)
            self._open = list(range(len(row)))
        has_text = False
        for column in self._open:
            text = row[column]
            if text:
                self._kinds[column] = kind = self._joined(column, text)
                has_text = has_text or kind is ColumnKind.TEXT
        if has_text:
            self._open = [column for column in self._open if self._kinds[column] is not ColumnKind.TEXT]

    def _joined(self, column: int, text: str) -> ColumnKind:
        kind = self._kinds[column]
        if kind is not ColumnKind.DECIMAL and is_whole(text):
            self._doubles[column] = self._doubles[column] and is_decimal(text)
            return ColumnKind.WHOLE
        return ColumnKind.DECIMAL if self._doubles[column] and is_decimal(text) else ColumnKind.TEXT


def is_whole(text: str) -> bool:
    """Whether the text is a whole number of 64 bits, as such numbers are written."""
    return (
        len(text) <= 20 and _WHOLE.fullmatch(text) is not None and -_WHOLE_LIMIT <= int(text) < _WHOLE_LIMIT
    )


def is_decimal(text: str) -> bool:
    """Whether the text is a number that a double holds to its last digit, or NaN, or infinite."""
    if text in _NO_DECIMALS:
        return True
    if len(text) > _LONGEST or _DECIMAL.fullmatch(text) is None:
        return False
    if len(text) <= _SURE_LENGTH and "e" not in text and "E" not in text:
        return True
    return _is_exact(text)


def _is_exact(text: str) -> bool:
    """Whether the double, written with as many digits as the text has, is the text's number."""
    number = float(text)
    if math.isinf(number):
        return False
    exact = Decimal(text)
    digits = max(1, len(exact.as_tuple().digits))
    return Context(prec=digits).plus(Decimal(number)) == exact
