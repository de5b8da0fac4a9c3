"""A SQLite database of the engine: opening, schema migrations, transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class StoreTooNew(RuntimeError):
    """The data directory was written by a newer engine."""


class Database:
    """One SQLite connection shared by all threads, one statement or transaction at a time.

    Statements are short and served from the page cache, so one lock costs less than a connection per thread, and
    "database is locked" cannot occur.

    Each entry of `migrations` brings the schema to the next version; `PRAGMA user_version` counts the applied ones.
    Entries are only ever added, so that a data directory of an older engine can be opened.
    """

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # isolation_level=None: the code begins transactions, not the driver.
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
        """A transaction: committed at the end of the block, rolled back if the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back if the disk is full.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other threads from using the database within the block."""
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
        """Close the file."""
        with self._lock:
            self._connection.close()
