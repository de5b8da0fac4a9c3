"""Tags of any resource, by its ARN."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from engine.sqlite import Database


class Tags:
    """The table of tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, arn: str, tags: Mapping[str, str]) -> None:
        """Put tags on the resource; a key it already has gets the new value."""
        with self._database.transaction() as connection:
            insert_tags(connection, arn, tags)

    def list(self, arn: str) -> dict[str, str]:
        """The resource's tags in the order of their keys; empty if it has none."""
        return dict(self._database.read("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,)))

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Take the tags of those keys off the resource; keys it does not have are passed over."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def clear(self, arn: str) -> None:
        """Take every tag off the resource, which is about to go itself."""
        self._database.write("DELETE FROM tags WHERE arn = ?", (arn,))


def insert_tags(connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
    """Put tags on a resource inside a transaction, so that no resource is ever there without its tags."""
    connection.executemany(
        "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
        [(arn, key, value) for key, value in tags.items()],
    )
