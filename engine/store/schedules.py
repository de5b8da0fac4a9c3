"""EventBridge Scheduler's groups and schedules. A change sets the schedule's timer in the same transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database
from engine.store.scopes import parse_scope, scope_text
from engine.store.tags import insert_tags
from engine.store.timers import set_timer
from transform.scope import Scope

_COLUMNS = "group_name, name, request, since, created, modified, created_by, scope"
_SELECT = f"SELECT {_COLUMNS} FROM schedules"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO schedules ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of schedules. Times are epoch seconds."""

    name: str
    created: float
    modified: float


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule. `request` are CreateSchedule's parameters, with StartDate and EndDate in epoch seconds.

    A rate counts from `since`. Times are epoch seconds. `created_by` and `scope` are of the key that wrote it last.
    """

    group: str
    name: str
    request: dict[str, Any]
    since: float
    created: float
    modified: float
    created_by: str
    scope: Scope


class Schedules:
    """The tables of schedules and their groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_group(self, row: GroupRow, arn: str, tags: Mapping[str, str]) -> bool:
        """Add a group and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT INTO schedule_groups (name, arn, created, modified) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (row.name, arn, row.created, row.modified),
            ).rowcount
            if inserted:
                insert_tags(connection, arn, tags)
        return inserted == 1

    def groups(self) -> list[GroupRow]:
        """All groups, by name."""
        rows = self._database.read("SELECT name, created, modified FROM schedule_groups ORDER BY name")
        return [GroupRow(*row) for row in rows]

    def group(self, name: str) -> GroupRow | None:
        """The group with that name, or None."""
        return next((row for row in self.groups() if row.name == name), None)

    def delete_group(self, name: str, arn: str, schedule_arns: Mapping[str, str]) -> bool:
        """Delete a group with its schedules, whose ARNs are given by name; False if it does not exist."""
        with self._database.transaction() as connection:
            for schedule, schedule_arn in schedule_arns.items():
                _delete(connection, name, schedule, schedule_arn)
            connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            return connection.execute("DELETE FROM schedule_groups WHERE name = ?", (name,)).rowcount == 1

    def create(self, row: ScheduleRow, arn: str, due: float | None) -> bool:
        """Add a schedule with its next time; False, without any change, if the name exists in its group."""
        with self._database.transaction() as connection:
            inserted = connection.execute(_INSERT, _values(row)).rowcount
            if inserted:
                set_timer(connection, arn, due)
        return inserted == 1

    def replace(self, row: ScheduleRow, arn: str, due: float | None) -> bool:
        """Replace a schedule and its next time; False, without any change, if it does not exist."""
        with self._database.transaction() as connection:
            replaced = connection.execute(
                "UPDATE schedules SET request = ?, since = ?, created = ?, modified = ?, created_by = ?, scope = ? "
                "WHERE group_name = ? AND name = ?",
                (*_values(row)[2:], row.group, row.name),
            ).rowcount
            if replaced:
                set_timer(connection, arn, due)
        return replaced == 1

    def get(self, group: str, name: str) -> ScheduleRow | None:
        """The schedule with that name in the group, or None."""
        return next(iter(self._read("WHERE group_name = ? AND name = ?", (group, name))), None)

    def delete(self, group: str, name: str, arn: str) -> bool:
        """Delete a schedule, its timer and what it has yet to start; False if it does not exist."""
        with self._database.transaction() as connection:
            return _delete(connection, group, name, arn)

    def _read(self, clauses: str, parameters: tuple[Any, ...] = ()) -> list[ScheduleRow]:
        rows = self._database.read(f"{_SELECT} {clauses}", parameters)
        return [
            ScheduleRow(group, name, json.loads(request), since, created, modified, owner, parse_scope(scope))
            for group, name, request, since, created, modified, owner, scope in rows
        ]

    def list(self, group: str | None = None) -> list[ScheduleRow]:
        """The schedules of a group, or all, by group and name."""
        order = "ORDER BY group_name, name"
        return (
            self._read(f"WHERE group_name = ? {order}", (group,)) if group is not None else self._read(order)
        )


def _delete(connection: sqlite3.Connection, group: str, name: str, arn: str) -> bool:
    set_timer(connection, arn, None)
    connection.execute("DELETE FROM firings WHERE source = ?", (arn,))
    sql = "DELETE FROM schedules WHERE group_name = ? AND name = ?"
    return connection.execute(sql, (group, name)).rowcount == 1


def _values(row: ScheduleRow) -> tuple[Any, ...]:
    return (
        row.group,
        row.name,
        json.dumps(row.request),
        row.since,
        row.created,
        row.modified,
        row.created_by,
        scope_text(row.scope),
    )
