"""A SQLite file as the engine uses it: opening it, bringing its schema up to date, transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class StoreTooNew(RuntimeError):
    """The data directory was written by a later engine than this one."""


class Database:
    """One SQLite connection shared by all threads, one statement or transaction at a time.

    Statements are short and answer from the page cache, so a lock costs less than a connection per thread,
    and nobody ever meets "database is locked".

    `migrations`: each entry brings the schema one version further; `PRAGMA user_version` counts those applied.
    Entries are only ever added, for a data directory from an older engine must open.
    """

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # isolation_level=None: transactions begin where the code says so, not where the driver guesses.
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=20)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL loses nothing when the process is killed; a power cut may take the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._migrate(migrations)

    def _migrate(self, migrations: Sequence[Sequence[str]]) -> None:
        with self.transaction() as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(migrations):
                raise StoreTooNew(
                    f"The engine's data has schema version {version}, this engine has {len(migrations)}. "
                    "Start the newer engine again, or give this one another --data-dir."
                )
            for statements in migrations[version:]:
                for statement in statements:
                    connection.execute(statement)
            if version < len(migrations):
                connection.execute(f"PRAGMA user_version = {len(migrations)}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything done to the connection inside happens at once, or not at all if the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite itself rolls back where the disk is full.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep all other threads from the database meanwhile."""
        with self._lock:
            yield

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement as its own transaction; returns how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        with self._lock:
            self._connection.close()
