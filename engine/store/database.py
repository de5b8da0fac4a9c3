"""The SQLite file under the store: opening it, bringing its schema up to date, transactions, page queries."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Each entry brings the schema one version further; `PRAGMA user_version` counts those applied.
#: Entries are only ever added: a data directory from an older engine must open.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE models (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, created REAL NOT NULL
        )""",
        "CREATE INDEX models_by_creation ON models (created, name)",
        """CREATE TABLE jobs (
            name TEXT PRIMARY KEY, arn TEXT NOT NULL, request TEXT NOT NULL, containers TEXT NOT NULL,
            status TEXT NOT NULL, failure_reason TEXT, created REAL NOT NULL, modified REAL NOT NULL,
            started REAL, ended REAL
        )""",
        "CREATE INDEX jobs_by_creation ON jobs (created, name)",
        "CREATE INDEX jobs_by_status ON jobs (status, name)",
        "CREATE INDEX jobs_by_status_and_creation ON jobs (status, created, name)",
        """CREATE TABLE job_objects (
            job TEXT NOT NULL, key TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (job, key)
        ) WITHOUT ROWID""",
        """CREATE TABLE tags (
            arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE log_groups (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, created INTEGER)",
        """CREATE TABLE log_streams (
            id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES log_groups (id), name TEXT NOT NULL,
            created INTEGER NOT NULL, first_event INTEGER, last_event INTEGER, last_ingestion INTEGER,
            UNIQUE (group_id, name)
        )""",
        "CREATE INDEX log_streams_by_last_event ON log_streams (group_id, coalesce(last_event, 0), name)",
        """CREATE TABLE log_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id INTEGER NOT NULL REFERENCES log_streams (id),
            timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL
        )""",
        "CREATE INDEX log_events_in_order ON log_events (stream_id, timestamp, id)",
    ),
)


class StoreTooNew(RuntimeError):
    """The data directory was written by a later engine than this one."""


class Database:
    """One SQLite connection shared by all threads, one statement or transaction at a time.

    Statements are short and answer from the page cache, so a lock costs less than a connection per thread,
    and nobody ever meets "database is locked".
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        # isolation_level=None: transactions begin where the code says so, not where the driver guesses.
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=20)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL loses nothing when the process is killed; a power cut may take the last commits.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._migrate()

    def _migrate(self) -> None:
        with self.transaction() as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise StoreTooNew(
                    f"The engine's data has schema version {version}, this engine has {len(MIGRATIONS)}. "
                    "Start the newer engine again, or give this one another --data-dir."
                )
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything done to the connection inside happens at once, or not at all if the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

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


@dataclass(slots=True)
class PageQuery:
    """A SELECT built up from conditions, read in pages that continue after the last row of the page before.

    Continuing from a row's place in the order, instead of counting rows off, keeps pages stable while rows
    are being added, and makes page 1,000 as quick as page 1.
    """

    select: str
    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def where(self, condition: str, value: Any) -> None:
        """Add a condition with one `?`, unless `value` is None (a filter that was not asked for)."""
        if value is not None:
            self.conditions.append(condition)
            self.parameters.append(value)

    def page(
        self, order: Sequence[str], *, ascending: bool, limit: int, after: Sequence[Any] | None = None
    ) -> tuple[str, list[Any]]:
        """SQL and parameters of the `limit` rows that follow `after`, the values of the `order` columns."""
        conditions, parameters = list(self.conditions), list(self.parameters)
        if after is not None:
            marks = ", ".join("?" for _ in order)
            conditions.append(f"({', '.join(order)}) {'>' if ascending else '<'} ({marks})")
            parameters.extend(after)
        direction = "ASC" if ascending else "DESC"
        sql = self.select
        if conditions:
            sql += " WHERE " + " AND ".join(conditions)
        sql += " ORDER BY " + ", ".join(f"{column} {direction}" for column in order) + " LIMIT ?"
        return sql, [*parameters, limit]
