"""A graph's outputs as CSV, JSON or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
TYPES = (CSV, JSON, JSON_LINES)


def answer_type(accept: str, kind: str) -> str | None:
    """The first known type of an Accept header; the payload's own if any will do; None if none is known."""
    accepted_types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    types = (kind if word in ("", "*/*") else word for word in accepted_types)
    return next((word for word in types if word in TYPES), None)


def written(columns: Mapping[str, list[Any]], kind: str) -> bytes:
    """The rows of outputs: in CSV all their values one after the other, in JSON objects if there are several outputs.

    Values that are not numbers are written as Python does: nan in CSV, NaN in JSON.
    """
    rows = list(zip(*columns.values(), strict=True))
    if kind == CSV:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([*_cells(row)] for row in rows)
        return out.getvalue().encode()
    names = list(columns)
    values = [row[0] if len(names) == 1 else dict(zip(names, row, strict=True)) for row in rows]
    if kind == JSON_LINES:
        return "".join(f"{json.dumps(value)}\n" for value in values).encode()
    return json.dumps({"predictions": values}).encode()


def _cells(value: Any) -> Iterator[Any]:
    """The single values of a row, of lists, and of objects in the order of their keys."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield value
        return
    for item in value:
        yield from _cells(item)
