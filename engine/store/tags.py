"""Tags of resources, by ARN."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from engine.sqlite import Database


class Tags:
    """The table of tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to the resource, replacing the values of existing keys."""
        with self._database.transaction() as connection:
            insert_tags(connection, arn, tags)

    def list(self, arn: str) -> dict[str, str]:
        """The resource's tags, sorted by key."""
        return dict(self._database.read("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,)))

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Remove the tags with those keys; unknown keys are ignored."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def clear(self, arn: str) -> None:
        """Remove all tags of a deleted resource."""
        self._database.write("DELETE FROM tags WHERE arn = ?", (arn,))


def insert_tags(connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags within the transaction that creates their resource."""
    connection.executemany(
        "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        [(arn, key, value) for key, value in tags.items()],
    )
