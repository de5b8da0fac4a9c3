"""When rules and schedules are due, what they have yet to start, and what became of it.

A source is the ARN of a rule or a schedule. A timer is its next due time. At that time the timer moves on and one
firing for each target is added, in one transaction, so that a due time fires once whatever ends the engine.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database
from engine.store.scopes import parse_scope, scope_text
from transform.scope import Scope

#: Seconds that invocations are retained, as CloudWatch retains its metrics at their finest (15 days by the minute).
_RETENTION = 15 * 24 * 3600

_COLUMNS = "token, source, due, target, created_by, scope, attempts, next_try"
_SELECT = f"SELECT {_COLUMNS} FROM firings"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO firings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Firing:
    """A target that is to be invoked for the due time `due`, next at `next_try` (epoch seconds).

    `token` makes the invocation idempotent, `target` is the target's request. It runs with `created_by` and `scope`.
    """

    token: str
    source: str
    due: float
    target: dict[str, Any]
    created_by: str
    scope: Scope
    attempts: int
    next_try: float


class Timers:
    """The tables of timers, firings and invocations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: float) -> list[tuple[str, float]]:
        """The sources that are due at `now`, with their due times, earliest first."""
        return [
            (source, at)
            for source, at in self._database.read(
                "SELECT source, due FROM timers WHERE due <= ? ORDER BY due LIMIT 1000", (now,)
            )
        ]

    def next_due(self, source: str) -> float | None:
        """When the source is due next, or None."""
        rows = self._database.read("SELECT due FROM timers WHERE source = ?", (source,))
        return float(rows[0][0]) if rows else None

    def move(self, source: str, due: float, following: float | None, firings: Iterable[Firing] = ()) -> bool:
        """Move a timer from `due` to the time that follows, adding firings; False if it is not at `due` any more."""
        with self._database.transaction() as connection:
            if not connection.execute(
                "SELECT 1 FROM timers WHERE source = ? AND due = ?", (source, due)
            ).fetchone():
                return False
            set_timer(connection, source, following)
            connection.executemany(_INSERT, [_values(firing) for firing in firings])
        return True

    def ready_firings(self, now: float) -> list[Firing]:
        """The firings that are to be tried at `now`, earliest first."""
        rows = self._database.read(f"{_SELECT} WHERE next_try <= ? ORDER BY next_try LIMIT 1000", (now,))
        return [_firing(row) for row in rows]

    def postpone(self, token: str, attempts: int, next_try: float) -> None:
        """Try a firing again at `next_try`."""
        sql = "UPDATE firings SET attempts = ?, next_try = ? WHERE token = ?"
        self._database.write(sql, (attempts, next_try, token))

    def end(self, firing: Firing, metrics: Sequence[str], at: float) -> None:
        """Delete a firing, and count it in these metrics of its source."""
        with self._database.transaction() as connection:
            if not connection.execute("DELETE FROM firings WHERE token = ?", (firing.token,)).rowcount:
                return
            connection.executemany(
                "INSERT INTO invocations (source, metric, at) VALUES (?, ?, ?)",
                [(firing.source, metric, int(at)) for metric in metrics],
            )
            connection.execute("DELETE FROM invocations WHERE at < ?", (int(at) - _RETENTION,))

    def is_finished(self, source: str) -> bool:
        """Whether the source has neither a due time nor anything to start."""
        return not self._database.read(
            "SELECT 1 FROM timers WHERE source = ? UNION ALL SELECT 1 FROM firings WHERE source = ?",
            (source, source),
        )

    def metrics(self) -> list[tuple[str, str, int]]:
        """All metrics of sources, as (source, metric, time of the last count)."""
        return [
            (source, metric, last)
            for source, metric, last in self._database.read(
                "SELECT source, metric, max(at) FROM invocations GROUP BY source, metric ORDER BY source, metric"
            )
        ]

    def counts(self, source: str, metric: str, start: float, end: float) -> list[int]:
        """The times with start <= time < end at which a metric of the source was counted, oldest first."""
        sql = "SELECT at FROM invocations WHERE source = ? AND metric = ? AND at >= ? AND at < ? ORDER BY at"
        return [at for (at,) in self._database.read(sql, (source, metric, start, end))]


def set_timer(connection: sqlite3.Connection, source: str, due: float | None) -> None:
    """Set a source's next due time, or remove its timer, within the transaction that changes the source."""
    if due is None:
        connection.execute("DELETE FROM timers WHERE source = ?", (source,))
        return
    connection.execute(
        "INSERT INTO timers (source, due) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET due = excluded.due",
        (source, due),
    )


def _firing(columns: tuple[Any, ...]) -> Firing:
    token, source, due, target, created_by, scope, attempts, next_try = columns
    return Firing(token, source, due, json.loads(target), created_by, parse_scope(scope), attempts, next_try)


def _values(firing: Firing) -> tuple[Any, ...]:
    return (
        firing.token,
        firing.source,
        firing.due,
        json.dumps(firing.target),
        firing.created_by,
        scope_text(firing.scope),
        firing.attempts,
        firing.next_try,
    )
