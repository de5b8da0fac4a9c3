"""A whole answer in a few values, for a tile that has no room for all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from results.reading.cells import Cell, cells_of, format_of
from transform.json_values import read_json

#: Values shown, and characters of each.
_MOST, _LENGTH = 4, 80
#: Levels below which values are not looked for.
_DEEPEST = 8


def brief_of(body: bytes, content_type: str | None, key: str) -> tuple[Cell, ...]:
    """The first values of an answer: of JSON the plain ones, however deep they lie, and how long its lists are."""
    form = format_of(content_type, key, body[:1024])
    value = _json(body) if form == "jsonlines" else None
    if value is not None:
        cells = [Cell(text, name) for name, text in _plain_values("", value)]
        # What is said in one word or number comes before what is only counted.
        cells.sort(key=lambda cell: cell.text.endswith(_COUNTED))
    else:
        first_line = body.strip().partition(b"\n")[0]
        cells = list(cells_of(first_line, form))
    return tuple(Cell(_cut(cell.text), cell.name) for cell in cells[:_MOST])


_COUNTED = " values"


def _json(body: bytes) -> Any:
    try:
        return read_json(body)
    except (ValueError, RecursionError):
        return None


def _plain_values(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The values inside with their names; a list of plain values by its length, a list of objects by its first."""
    if depth == _DEEPEST:
        yield name, "…"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _plain_values(str(key), inner, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], dict | list):
        yield from _plain_values(name, value[0], depth + 1)
    elif isinstance(value, list) and len(value) > _MOST:
        yield name, f"{len(value):,}{_COUNTED}"
    elif isinstance(value, list):
        yield name, ", ".join(map(_text, value))
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
