"""CloudFormation's stacks with their resources and events. Each change of a status has an event."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.scopes import parse_scope, scope_text
from transform.scope import EVERYTHING, Scope

DELETED = "DELETE_COMPLETE"
STACK_TYPE = "AWS::CloudFormation::Stack"

_COLUMNS = (
    "id, name, status, reason, request, previous, outputs, created, updated, deleted, created_by, scope"
)
_SELECT = f"SELECT {_COLUMNS} FROM stacks"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO stacks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_RESOURCE_COLUMNS = (
    "logical_id, type, physical_id, status, reason, at, properties, attributes, leftovers, is_pending, policy, "
    "position"
)
_SELECT_RESOURCE = f"SELECT {_RESOURCE_COLUMNS} FROM stack_resources"  # noqa: S608


@dataclass(frozen=True, slots=True)
class StackRow:
    """A stack. Times are epoch seconds. `created_by` and `scope` are of the key that began its last operation.

    `request` has Template (a text), Parameters and Tags (texts by name) and further members of the operation's
    request. `previous` is what an update began from: its request, and the resources by logical id.
    """

    id: str
    name: str
    status: str
    reason: str | None
    request: dict[str, Any]
    previous: dict[str, Any] | None
    outputs: list[dict[str, str]]
    created: float
    updated: float | None
    deleted: float | None
    created_by: str
    scope: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource of a stack. `properties` are those of its last completed change.

    `leftovers` are physical ids of resources that it replaced and that are yet to be deleted. `is_pending` while its
    creation has begun and not completed. `policy` is its DeletionPolicy.
    """

    logical_id: str
    type: str
    physical_id: str
    status: str
    reason: str | None = None
    at: float = 0.0
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    leftovers: tuple[tuple[str, str], ...] = ()
    is_pending: bool = False
    policy: str = "Delete"
    position: int = 0


@dataclass(frozen=True, slots=True)
class StackEvent:
    """A change of a status, of the stack or of one resource."""

    id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    at: float


class Stacks:
    """The tables of stacks, their resources and events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, row: StackRow) -> bool:
        """Add a stack and its first event; False, without any change, if another stack has the name."""
        with self._database.transaction() as connection:
            if connection.execute(
                "SELECT 1 FROM stacks WHERE name = ? AND status <> ?", (row.name, DELETED)
            ).fetchone():
                return False
            connection.execute(_INSERT, _values(row))
            _add_stack_event(connection, row)
        return True

    def get(self, name_or_id: str) -> StackRow | None:
        """The stack with that id, or the one with that name that is not deleted; else None."""
        rows = self._database.read(
            f"{_SELECT} WHERE id = ? OR (name = ? AND status <> ?)", (name_or_id, name_or_id, DELETED)
        )
        return _row(rows[0]) if rows else None

    def move(self, row: StackRow, before: Collection[str]) -> bool:
        """Write all of the row with an event of its status, if the stored status is one of `before`."""
        with self._database.transaction() as connection:
            marks = ", ".join("?" for _ in before)
            names = ", ".join(f"{name} = ?" for name in _COLUMNS.split(", ")[2:])
            moved = connection.execute(
                f"UPDATE stacks SET {names} WHERE id = ? AND status IN ({marks})",  # noqa: S608
                (*_values(row)[2:], row.id, *before),
            ).rowcount
            if moved:
                _add_stack_event(connection, row)
        return moved == 1

    def unfinished(self) -> list[StackRow]:
        """The stacks with an operation that has not ended."""
        rows = self._database.read(f"{_SELECT} WHERE status LIKE '%!_IN!_PROGRESS' ESCAPE '!'")
        return [_row(row) for row in rows if row[2] != "REVIEW_IN_PROGRESS"]

    def resources(self, stack_id: str) -> dict[str, ResourceRow]:
        """The stack's resources by logical id, in the order of their creation."""
        rows = self._database.read(
            f"{_SELECT_RESOURCE} WHERE stack = ? ORDER BY position, logical_id", (stack_id,)
        )
        return {row[0]: _resource(row) for row in rows}

    def put_resource(self, stack_id: str, row: ResourceRow) -> ResourceRow:
        """Write a resource with an event of its status; returns it with its time."""
        row = replace(row, at=now())
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO stack_resources (stack, {_RESOURCE_COLUMNS}) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (stack_id, *_resource_values(row)),
            )
            _add_event(
                connection, stack_id, (row.logical_id, row.physical_id, row.type, row.status, row.reason)
            )
        return row

    def add_event(self, stack_id: str, row: ResourceRow) -> None:
        """Add an event of a resource without writing the resource."""
        with self._database.transaction() as connection:
            _add_event(
                connection, stack_id, (row.logical_id, row.physical_id, row.type, row.status, row.reason)
            )

    def drop_resource(self, stack_id: str, row: ResourceRow) -> None:
        """Remove a resource that the stack has no more, with an event of its last status."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM stack_resources WHERE stack = ? AND logical_id = ?", (stack_id, row.logical_id)
            )
            _add_event(
                connection, stack_id, (row.logical_id, row.physical_id, row.type, row.status, row.reason)
            )

    def delete(self, stack_id: str) -> None:
        """Delete a stack that was never created, with its events."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM stack_events WHERE stack = ?", (stack_id,))
            connection.execute("DELETE FROM stacks WHERE id = ?", (stack_id,))

    def events(
        self, stack_id: str, *, before: int | None = None, limit: int = 100
    ) -> list[tuple[int, StackEvent]]:
        """Up to `limit` events with their numbers, newest first, of lower numbers than `before`."""
        rows = self._database.read(
            "SELECT number, id, logical_id, physical_id, type, status, reason, at FROM stack_events "
            "WHERE stack = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (stack_id, 2**62 if before is None else before, limit),
        )
        return [(number, StackEvent(*columns)) for number, *columns in rows]

    def list(self) -> list[StackRow]:
        """All stacks, deleted ones too, newest first."""
        return [_row(row) for row in self._database.read(f"{_SELECT} ORDER BY created DESC, id")]


def _add_stack_event(connection: sqlite3.Connection, row: StackRow) -> None:
    _add_event(connection, row.id, (row.name, row.id, STACK_TYPE, row.status, row.reason))


def _add_event(connection: sqlite3.Connection, stack_id: str, columns: tuple[str | None, ...]) -> None:
    connection.execute(
        "INSERT INTO stack_events (stack, id, logical_id, physical_id, type, status, reason, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (stack_id, str(uuid.uuid4()), *columns, now()),
    )


def _row(columns: tuple[Any, ...]) -> StackRow:
    stack_id, name, status, reason, request, previous, outputs, created, updated, deleted, owner, scope = (
        columns
    )
    return StackRow(
        stack_id, name, status, reason, json.loads(request), json.loads(previous) if previous else None,
        json.loads(outputs), created, updated, deleted, owner, parse_scope(scope),
    )  # fmt: skip


def _values(row: StackRow) -> tuple[Any, ...]:
    return (
        row.id, row.name, row.status, row.reason, json.dumps(row.request),
        None if row.previous is None else json.dumps(row.previous), json.dumps(row.outputs), row.created,
        row.updated, row.deleted, row.created_by, scope_text(row.scope),
    )  # fmt: skip


def _resource(columns: tuple[Any, ...]) -> ResourceRow:
    (
        logical_id,
        kind,
        physical_id,
        status,
        reason,
        at,
        properties,
        attributes,
        leftovers,
        pending,
        policy,
        position,
    ) = columns
    return ResourceRow(
        logical_id, kind, physical_id, status, reason, at, json.loads(properties), json.loads(attributes),
        tuple((old_type, old_id) for old_type, old_id in json.loads(leftovers)), bool(pending), policy, position,
    )  # fmt: skip


def _resource_values(row: ResourceRow) -> tuple[Any, ...]:
    return (
        row.logical_id, row.type, row.physical_id, row.status, row.reason, row.at, json.dumps(row.properties),
        json.dumps(row.attributes), json.dumps(row.leftovers), row.is_pending, row.policy, row.position,
    )  # fmt: skip
