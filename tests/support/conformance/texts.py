"""Texts that match a model's pattern, of a certain length where the pattern leaves room."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import regex

#: The regular expression's parsed form, as `re` has it.
_parser: Any = re._parser  # type: ignore[attr-defined]

#: Characters in the order in which they are tried for a class.
_PREFERRED = "a1A-_/.: "
#: Java's classes of characters that `re` does not have, inside of brackets.
_JAVA_CLASSES = {
    r"\p{L}": "a-zA-Z",
    r"\p{Z}": " ",
    r"\p{N}": "0-9",
    r"\p{M}": "",
    r"\p{S}": "+",
    r"\p{P}": "!",
    r"\p{IsLetter}": "a-zA-Z",
    r"\p{IsDigit}": "0-9",
    r"\p{IsWhitespace}": " ",
    r"\p{IsPunctuation}": "!",
    r"\p{Graph}": "!-~",
    r"\p{Print}": " -~",
    r"\p{ASCII}": " -~",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{Alpha}": "a-zA-Z",
    r"\P{C}": " -~",
    r"\x{10FFFF}": "\\U0010ffff",
}
#: A repeat without an end is repeated that often at most.
_MANY = 2_000_000


def fits(pattern: str | None, text: str) -> bool:
    """Whether the whole text matches the pattern of a model. A pattern that is none in Python fits everything."""
    if pattern is None:
        return True
    try:
        return regex.fullmatch(pattern, text, timeout=1.0) is not None
    except (regex.error, TimeoutError):
        return True


@functools.cache
def text_of_length(pattern: str | None, length: int) -> str | None:
    """A text of that many characters that matches, or None if this module finds none."""
    if pattern is None:
        return ("Aa1" * (length // 3 + 1))[:length]
    shortest = _text(pattern, 0)
    if shortest is None:
        return None
    text = _text(pattern, length - len(shortest)) if length > len(shortest) else shortest
    return text if text is not None and len(text) == length and fits(pattern, text) else None


@functools.cache
def text_for(pattern: str | None, low: int, high: int | None) -> str | None:
    """A matching text of `low` to `high` characters: about 12 if that is allowed. None if this module finds none."""
    shortest = len(_text(pattern, 0) or "") if pattern else 0
    wishes = [12, low, shortest, *range(low, low + 20)]
    lengths = (n for n in wishes if n >= max(low, 0) and (high is None or n <= high))
    return next((text for n in lengths if (text := text_of_length(pattern, n)) is not None), None)


@functools.cache
def _tree(pattern: str) -> Any:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _text(pattern: str, more: int) -> str | None:
    """A text of the pattern's parts, `more` characters longer than the shortest as far as its repeats have room."""
    tree = _tree(pattern)
    return None if tree is None else "".join(_Writer(more).parts(tree))


class _Writer:
    """Writes a pattern's parts one after another; `more` are the characters that are still to be added."""

    def __init__(self, more: int) -> None:
        self._more = more

    def parts(self, tree: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        for code, argument in tree:
            yield self._WRITERS.get(str(code), _Writer._nothing)(self, argument)

    def _repeat(self, argument: Any) -> str:
        low, high, item = argument
        item_text = "".join(_Writer(0).parts(item))
        most = _MANY if high is _parser.MAXREPEAT else int(high)
        times = min(self._more // len(item_text), most - low) if item_text else 0
        self._more -= times * len(item_text)
        return item_text * (low + times) if low or times else ""

    def _branch(self, argument: Any) -> str:
        texts = ["".join(_Writer(0).parts(tree)) for tree in argument[1]]
        # The longest of an alternation: an empty one is often refused by a minimum of the length.
        return max(texts, key=lambda text: (min(len(text), 1), -len(text)))

    def _group(self, argument: Any) -> str:
        return "".join(self.parts(argument[-1]))

    def _class(self, items: Any) -> str:
        return _character(lambda character: _is_in(items, character))

    def _literal(self, number: int) -> str:
        return chr(number)

    def _not_literal(self, number: int) -> str:
        return _character(lambda character: ord(character) != number)

    def _any(self, _: Any) -> str:
        return "a"

    def _nothing(self, _: Any) -> str:
        return ""

    _WRITERS: dict[str, Callable[[_Writer, Any], str]] = {
        "MAX_REPEAT": _repeat,
        "MIN_REPEAT": _repeat,
        "BRANCH": _branch,
        "SUBPATTERN": _group,
        "IN": _class,
        "LITERAL": _literal,
        "NOT_LITERAL": _not_literal,
        "ANY": _any,
    }


def _character(allowed: Callable[[str], bool]) -> str:
    every = [*_PREFERRED, *map(chr, range(32, 127)), "\t", "\n"]
    return next((character for character in every if allowed(character)), "")


_CATEGORIES: dict[str, str] = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _is_in(items: Any, character: str) -> bool:
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    return negated != any(_has(str(code), argument, character) for code, argument in items)


def _has(code: str, argument: Any, character: str) -> bool:
    if code == "LITERAL":
        return ord(character) == int(argument)
    if code == "RANGE":
        return int(argument[0]) <= ord(character) <= int(argument[1])
    return code == "CATEGORY" and re.fullmatch(_CATEGORIES[str(argument)], character) is not None
