"""Acts as lines of a file: CSV for spreadsheets, JSON Lines for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone

from teams.csv_lines import csv_lines
from teams.models import Activity

COLUMNS = (
    "at",
    "person",
    "token",
    "did",
    "kind",
    "id",
    "name",
    "detail",
    "changes",
    "address",
    "request_id",
)


def csv_of(rows: Iterable[Activity]) -> Iterator[str]:
    """A line of names, then a line for each act."""
    return csv_lines(COLUMNS, map(_cells, rows))


def json_lines_of(rows: Iterable[Activity]) -> Iterator[str]:
    """An object for each act on a line of its own, with the fields of the API's answer and the time in UTC."""
    for row in rows:
        at = row.at.isoformat().replace("+00:00", "Z")
        yield f"{json.dumps({**fields_of(row), 'at': at}, ensure_ascii=False)}\n"


def fields_of(row: Activity) -> dict[str, Any]:
    """An act under the names that the API and JSON Lines use."""
    return {
        "at": row.at,
        "who": row.who,
        "username": row.user.username if row.user else None,
        "token": row.token.name if row.token else None,
        "verb": row.verb,
        "kind": row.object_kind,
        "id": row.object_id,
        "name": row.object_label,
        "detail": row.detail,
        "changes": row.changes,
        "address": row.address,
        "request_id": row.request_id,
    }


def _cells(row: Activity) -> list[str]:
    detail = ", ".join(f"{name} {value}" for name, value in row.detail.items())
    changes = ", ".join(
        f"{name}: {_text(change['from'])} → {_text(change['to'])}" for name, change in row.changes.items()
    )
    token = row.token.name or row.token.prefix if row.token else ""
    who = row.user.username if row.user else row.who
    at = timezone.localtime(row.at).isoformat(timespec="seconds")
    of_object = [row.object_kind, row.object_id, row.object_label]
    return [at, who, token, row.verb, *of_object, detail, changes, row.address or "", row.request_id]


def _text(value: object) -> str:
    return "not set" if value is None else str(value)
