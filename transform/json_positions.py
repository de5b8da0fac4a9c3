"""Where the members of a JSON text stand in it, so that a sentence about one can say where to look."""

from __future__ import annotations

import json
import re

Path = tuple[str, ...]

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """Line and column, from 1, of each member's value by the names on the way; lists are not entered.

    The text must be JSON. Raises RecursionError for one that is nested too deeply.
    """
    found: dict[Path, int] = {}
    _value(text, _skip(text, 0), (), found)
    return {path: _place(text, at) for path, at in found.items()}


def _value(text: str, at: int, path: Path, found: dict[Path, int]) -> int:
    """Note where the value stands that begins at `at`; returns where it ends."""
    found[path] = at
    if text[at] != "{":
        return _DECODER.raw_decode(text, at)[1]
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        colon = _skip(text, at)
        at = _skip(text, _value(text, _skip(text, colon + 1), (*path, name), found))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
