"""Filters of rows: comparisons joined by and, or and not, or a text anywhere in the row.

    expression  := conjunction ("or" conjunction)*
    conjunction := term ("and" term)*
    term        := "not" term | "(" expression ")" | "text" | [column] sign value | [column] "is" ["not"] "null"

A term without a column is about the prediction. A text without any of these signs and words is searched as it is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from jobs.services.errors import InvalidFields
from results.reading.cells import Cell, is_number

#: Characters of a filter, and parentheses and `not` inside each other.
LONGEST, DEEPEST = 500, 20
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<sign>>=|<=|!=|==|=|<|>)|(?P<bracket>[()])|(?P<quoted>"[^"]*"|'[^']*')"""
    r"""|(?P<name>`[^`]+`)|(?P<word>[^\s()<>=!"'`]+)"""
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_RESERVED = frozenset({"and", "or", "not", "is"})
_NULLS = frozenset({"", "null", "none", "nan", "na", "n/a"})


class BadFilter(InvalidFields):
    """A filter that cannot be read; the sentence names the place."""

    def __init__(self, sentence: str) -> None:
        super().__init__({"filter": [sentence]})
        self.sentence = sentence


class FilteredRow(Protocol):
    """What a filter asks of a row."""

    def cell(self, name: str) -> Cell | None:
        """The cell of a column; an empty name means the prediction. None if there is no such column."""

    def contains(self, text: str) -> bool:
        """Whether the text, which is in lower case, is anywhere in the row."""


class Condition(Protocol):
    """A part of a filter."""

    def holds(self, row: FilteredRow) -> bool:
        """Whether it is true of the row."""


@dataclass(frozen=True, slots=True)
class Containing:
    """The row contains the text, which is in lower case."""

    text: str

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        return row.contains(self.text)


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """A column compares by a sign with a number or a text; never true of a cell that is no number, or not there."""

    name: str
    sign: str
    value: float | str

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        cell = row.cell(self.name)
        if cell is None:
            return False
        if isinstance(self.value, str):
            return _SIGNS[self.sign](cell.text, self.value)
        number = cell.number
        return number is not None and _SIGNS[self.sign](number, self.value)


@dataclass(frozen=True, slots=True)
class Null:
    """A column has no value."""

    name: str

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        cell = row.cell(self.name)
        return cell is None or is_null(cell.text)


@dataclass(frozen=True, slots=True)
class Negation:
    """The part is not true."""

    part: Condition

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        return not self.part.holds(row)


@dataclass(frozen=True, slots=True)
class Conjunction:
    """All parts are true."""

    parts: tuple[Condition, ...]

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Disjunction:
    """One of the parts is true."""

    parts: tuple[Condition, ...]

    def holds(self, row: FilteredRow) -> bool:
        """See Condition."""
        return any(part.holds(row) for part in self.parts)


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A filter, and the names of the columns that it needs."""

    condition: Condition
    names: tuple[str, ...] = ()

    def holds(self, row: FilteredRow) -> bool:
        """Whether the row matches."""
        return self.condition.holds(row)


def is_null(text: str) -> bool:
    """Whether a cell's text means that there is no value."""
    return text.strip().casefold() in _NULLS


def parse_filter(text: str) -> RowFilter | None:
    """Parse `> 0.5`, `score >= 0.8 and tenure < 3` or a case-insensitive text; None for an empty text.

    Raises BadFilter.
    """
    text = text.strip()
    if not text:
        return None
    if len(text) > LONGEST:
        raise BadFilter(f"A filter has at most {LONGEST} characters; this one has {len(text):,}.")
    if not _is_expression(text):
        return RowFilter(Containing(text.casefold()))
    return _Parser(text).parse()


def _is_expression(text: str) -> bool:
    """Whether a text has signs or words of the grammar outside quotes, or is in quotes as a whole."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", " ", text)
    return not bare.strip() or bool(re.search(r"[<>=]|!=|\bis\s+(?:not\s+)?null\b", bare, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class _Token:
    """A token; `at` counts characters from 1."""

    kind: str
    text: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.casefold() == word


class _Parser:
    """A parser by recursive descent; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), _Token("end", "", len(text) + 1)]
        self._next = 0
        self._depth = 0
        self._names: dict[str, None] = {}

    def parse(self) -> RowFilter:
        condition = self._expression()
        if self._token.kind != "end":
            raise self._error("“and” or “or” is missing before")
        return RowFilter(condition, tuple(self._names))

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _error(self, problem: str) -> BadFilter:
        token = self._token
        end = f"“{token.text}”" if token.kind != "end" else "the end"
        return BadFilter(f"The filter cannot be read: at character {token.at}, {problem} {end}.")

    def _expression(self) -> Condition:
        parts = [self._conjunction()]
        while self._token.is_word("or"):
            self._take()
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Disjunction(tuple(parts))

    def _conjunction(self) -> Condition:
        parts = [self._term()]
        while self._token.is_word("and"):
            self._take()
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _term(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} parts are inside each other:")
        try:
            return self._nested() or self._test()
        finally:
            self._depth -= 1

    def _nested(self) -> Condition | None:
        if self._token.is_word("not"):
            self._take()
            return Negation(self._term())
        if self._token.text != "(" or self._token.kind != "bracket":
            return None
        self._take()
        inner = self._expression()
        if self._token.text != ")" or self._token.kind != "bracket":
            raise self._error("a closing parenthesis is missing before")
        self._take()
        return inner

    def _test(self) -> Condition:
        if self._token.kind == "quoted":
            return Containing(self._take().text[1:-1].casefold())
        name = self._name()
        if name:
            self._names[name] = None
        if self._token.is_word("is"):
            return self._null(name)
        if self._token.kind != "sign":
            raise self._error("a column and a sign such as >= must stand before")
        return self._comparison(name, self._take().text)

    def _name(self) -> str:
        """A name in backquotes, or words that are not reserved; empty if there is none."""
        if self._token.kind == "name":
            return self._take().text[1:-1]
        words = []
        while self._token.kind == "word" and self._token.text.casefold() not in _RESERVED:
            words.append(self._take().text)
        return " ".join(words)

    def _null(self, name: str) -> Condition:
        self._take()
        negated = self._token.is_word("not")
        if negated:
            self._take()
        if not self._token.is_word("null"):
            raise self._error("“null” or “not null” must follow “is”, not")
        self._take()
        return Negation(Null(name)) if negated else Null(name)

    def _comparison(self, name: str, sign: str) -> Condition:
        token = self._token
        if token.kind == "quoted":
            self._take()
            return ColumnTest(name, sign, token.text[1:-1])
        if token.kind != "word" or token.text.casefold() in _RESERVED:
            raise self._error(f"a number or a text in quotes must follow {sign}, not")
        if is_number(token.text):
            self._take()
            return ColumnTest(name, sign, float(token.text))
        if sign not in ("=", "==", "!="):
            raise self._error(f"a number or a text in quotes must follow {sign}, not")
        self._take()
        return ColumnTest(name, sign, token.text)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            problem = "a quote is not closed" if text[at] in "\"'`" else f"“{text[at]}” is not understood"
            raise BadFilter(f"The filter cannot be read: at character {at + 1}, {problem}.")
        if match.lastgroup and match.lastgroup != "blank":
            yield _Token(match.lastgroup, match[0], at + 1)
        at = match.end()
