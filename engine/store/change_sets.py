"""CloudFormation's change sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database

_COLUMNS = "id, stack, name, status, execution_status, reason, kind, request, changes, created"
_SELECT = f"SELECT {_COLUMNS} FROM change_sets"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO change_sets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class ChangeSetRow:
    """A change set of the stack with the id `stack`. `kind` is CREATE or UPDATE, `request` as in StackRow.

    `changes` are those of DescribeChangeSet's answer, `created` is in epoch seconds.
    """

    id: str
    stack: str
    name: str
    status: str
    execution_status: str
    reason: str | None
    kind: str
    request: dict[str, Any]
    changes: list[dict[str, Any]]
    created: float


class ChangeSets:
    """The table of change sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, row: ChangeSetRow) -> bool:
        """Add a change set; False, without any change, if the stack has one of that name."""
        with self._database.transaction() as connection:
            if connection.execute(
                "SELECT 1 FROM change_sets WHERE stack = ? AND name = ?", (row.stack, row.name)
            ).fetchone():
                return False
            request, changes = json.dumps(row.request), json.dumps(row.changes)
            connection.execute(
                _INSERT,
                (
                    row.id,
                    row.stack,
                    row.name,
                    row.status,
                    row.execution_status,
                    row.reason,
                    row.kind,
                    request,
                    changes,
                    row.created,
                ),
            )
        return True

    def get(self, name_or_id: str, stack: str | None) -> ChangeSetRow | None:
        """The change set with that id, or of that name of the stack with that id; else None."""
        rows = self._database.read(
            f"{_SELECT} WHERE id = ? OR (name = ? AND stack = ?)", (name_or_id, name_or_id, stack)
        )
        return _row(rows[0]) if rows else None

    def begin_execution(self, row: ChangeSetRow) -> bool:
        """Mark it as executed and delete the stack's other ones; False unless it is AVAILABLE."""
        with self._database.transaction() as connection:
            moved = connection.execute(
                "UPDATE change_sets SET execution_status = 'EXECUTE_COMPLETE' "
                "WHERE id = ? AND execution_status = 'AVAILABLE'",
                (row.id,),
            ).rowcount
            if moved:
                connection.execute("DELETE FROM change_sets WHERE stack = ? AND id <> ?", (row.stack, row.id))
        return moved == 1

    def delete(self, change_set_id: str) -> None:
        """Delete a change set."""
        self._database.write("DELETE FROM change_sets WHERE id = ?", (change_set_id,))

    def clear(self, stack: str) -> None:
        """Delete all change sets of a stack."""
        self._database.write("DELETE FROM change_sets WHERE stack = ?", (stack,))

    def list(self, stack: str) -> list[ChangeSetRow]:
        """The stack's change sets, oldest first."""
        return [
            _row(row)
            for row in self._database.read(f"{_SELECT} WHERE stack = ? ORDER BY created, id", (stack,))
        ]


def _row(columns: tuple[Any, ...]) -> ChangeSetRow:
    change_set_id, stack, name, status, execution, reason, kind, request, changes, created = columns
    return ChangeSetRow(
        change_set_id,
        stack,
        name,
        status,
        execution,
        reason,
        kind,
        json.loads(request),
        json.loads(changes),
        created,
    )
