"""CloudWatch's dashboards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sqlite import Database


@dataclass(frozen=True, slots=True)
class DashboardRow:
    """A dashboard. `body` is its JSON, `modified` is in epoch seconds."""

    name: str
    body: str
    modified: float


class Dashboards:
    """The table of dashboards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, row: DashboardRow) -> None:
        """Add a dashboard or replace it."""
        self._database.write(
            "INSERT OR REPLACE INTO dashboards (name, body, modified) VALUES (?, ?, ?)",
            (row.name, row.body, row.modified),
        )

    def get(self, name: str) -> DashboardRow | None:
        """The dashboard with that name, or None."""
        rows = self._database.read("SELECT name, body, modified FROM dashboards WHERE name = ?", (name,))
        return DashboardRow(*rows[0]) if rows else None

    def delete(self, names: Sequence[str]) -> None:
        """Delete these dashboards; unknown names are ignored."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM dashboards WHERE name = ?", [(name,) for name in names])

    def list(self) -> list[DashboardRow]:
        """All dashboards, by name."""
        rows = self._database.read("SELECT name, body, modified FROM dashboards ORDER BY name")
        return [DashboardRow(*row) for row in rows]
