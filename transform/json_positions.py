"""The places of a JSON text's members, so that a sentence about a member can name its place."""

from __future__ import annotations

import json
import re

Path = tuple[str, ...]

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """Line and column, from 1, of each member's value by the names on the way; lists are not entered.

    The text must be JSON. Raises RecursionError for a text that is nested too deeply.
    """
    positions: dict[Path, int] = {}
    _value(text, _skip(text, 0), (), positions)
    return {path: _place(text, at) for path, at in positions.items()}


def _value(text: str, at: int, path: Path, positions: dict[Path, int]) -> int:
    """Store the position of the value that begins at `at`; returns its end."""
    positions[path] = at
    if text[at] != "{":
        return _DECODER.raw_decode(text, at)[1]
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        colon = _skip(text, at)
        at = _skip(text, _value(text, _skip(text, colon + 1), (*path, name), positions))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
