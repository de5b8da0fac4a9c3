"""Events other than those of transform jobs that were not sent yet, oldest first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database

#: Maximum number of unsent events; beyond it the oldest are deleted.
_MAX_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event with its detail-type, the ARNs of its resources and its time in epoch seconds."""

    id: int
    detail_type: str
    resources: list[str]
    detail: dict[str, Any]
    at: float


class PendingEvents:
    """The table of unsent events; it stays empty until `keep` is called."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_kept = False

    def keep(self) -> None:
        """Record every event from now on, until the store is closed."""
        self._is_kept = True

    def add(
        self,
        connection: sqlite3.Connection,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
        at: float,
    ) -> None:
        """Record an event within the transaction of its change. Members of `detail` that are None are left out."""
        if not self._is_kept:
            return
        members = {name: value for name, value in detail.items() if value is not None}
        added = connection.execute(
            "INSERT INTO pending_events (detail_type, resources, detail, at) VALUES (?, ?, ?, ?)",
            (detail_type, json.dumps(list(resources)), json.dumps(members), at),
        ).lastrowid
        connection.execute("DELETE FROM pending_events WHERE id <= ?", ((added or 0) - _MAX_EVENTS,))

    def first(self) -> PendingEvent | None:
        """The oldest event, or None."""
        rows = self._database.read(
            "SELECT id, detail_type, resources, detail, at FROM pending_events ORDER BY id LIMIT 1"
        )
        if not rows:
            return None
        event_id, detail_type, resources, detail, at = rows[0]
        return PendingEvent(event_id, detail_type, json.loads(resources), json.loads(detail), at)

    def drop(self, event_id: int) -> None:
        """Delete an event that was sent or given up."""
        self._database.write("DELETE FROM pending_events WHERE id = ?", (event_id,))
