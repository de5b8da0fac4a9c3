"""EventBridge rules with their targets. A change sets the rule's timer in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database
from engine.store.scopes import parse_scope, scope_text
from engine.store.tags import insert_tags
from engine.store.timers import set_timer
from transform.scope import Scope

_SELECT = "SELECT name, arn, request, since FROM rules"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule. `request` are PutRule's parameters; a rate counts from `since` (epoch seconds)."""

    name: str
    arn: str
    request: dict[str, Any]
    since: float

    @property
    def state(self) -> str:
        """ENABLED or DISABLED."""
        return str(self.request.get("State", "ENABLED"))


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A rule's target. `request` is its Target, `created_by` and `scope` are those of the key that put it."""

    id: str
    request: dict[str, Any]
    created_by: str
    scope: Scope


class Rules:
    """The tables of rules and targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, row: RuleRow, due: float | None, tags: Mapping[str, str]) -> None:
        """Add the rule or replace it; its targets stay. `due` is its next time."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO rules (name, arn, request, since) VALUES (?, ?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET request = excluded.request, since = excluded.since",
                (row.name, row.arn, json.dumps(row.request), row.since),
            )
            set_timer(connection, row.arn, due)
            insert_tags(connection, row.arn, tags)

    def get(self, name: str) -> RuleRow | None:
        """The rule with that name, or None."""
        return next(iter(self._read("WHERE name = ?", (name,))), None)

    def by_arn(self, arn: str) -> RuleRow | None:
        """The rule with that ARN, or None."""
        return next(iter(self._read("WHERE arn = ?", (arn,))), None)

    def delete(self, name: str) -> bool:
        """Delete a rule without targets, its timer and tags; False, without any change, if it has targets."""
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM rule_targets WHERE rule = ? LIMIT 1", (name,)).fetchone():
                return False
            arns = connection.execute("DELETE FROM rules WHERE name = ? RETURNING arn", (name,)).fetchall()
            for (arn,) in arns:
                connection.execute("DELETE FROM firings WHERE source = ?", (arn,))
                set_timer(connection, arn, None)
                connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
        return True

    def put_targets(self, rule: str, rows: Iterable[TargetRow]) -> None:
        """Add targets, replacing those with the same id."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO rule_targets (rule, id, request, created_by, scope) VALUES (?, ?, ?, ?, ?)",
                [
                    (rule, row.id, json.dumps(row.request), row.created_by, scope_text(row.scope))
                    for row in rows
                ],
            )

    def targets(self, rule: str) -> list[TargetRow]:
        """The rule's targets, by id."""
        rows = self._database.read(
            "SELECT id, request, created_by, scope FROM rule_targets WHERE rule = ? ORDER BY id", (rule,)
        )
        return [
            TargetRow(target_id, json.loads(request), created_by, parse_scope(scope))
            for target_id, request, created_by, scope in rows
        ]

    def remove_targets(self, rule: str, ids: Iterable[str]) -> None:
        """Remove targets; unknown ids are ignored."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM rule_targets WHERE rule = ? AND id = ?", [(rule, target_id) for target_id in ids]
            )

    def _read(self, clauses: str, parameters: tuple[Any, ...] = ()) -> list[RuleRow]:
        rows = self._database.read(f"{_SELECT} {clauses}", parameters)
        return [RuleRow(name, arn, json.loads(request), since) for name, arn, request, since in rows]

    def list(self) -> list[RuleRow]:
        """All rules, by name."""
        return self._read("ORDER BY name")
