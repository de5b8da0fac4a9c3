"""Whether the embedded database has every migration of this checkout, found out without Django."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from launcher import surroundings


class Migrated:
    """The SQLite file of a data directory. Running `migrate` takes seconds, nearly all of them for imports.

    A database that DATABASE_URL names never counts as current.
    """

    def __init__(self, checkout: Path, data_dir: Path, environment: Mapping[str, str]) -> None:
        self._checkout = checkout
        self._database = surroundings.own_database(data_dir, environment)
        self._stamp = data_dir / "migrations.stamp"

    def is_current(self) -> bool:
        """Whether nothing has changed since `remember`: our migrations, the packages', and what was applied."""
        if self._database is None or not self._stamp.exists():
            return False
        applied = _applied(self._database)
        return bool(applied) and self._stamp.read_text() == self._fingerprint(applied)

    def remember(self) -> None:
        """Note that `migrate` has just succeeded."""
        if self._database is not None:
            self._stamp.write_text(self._fingerprint(_applied(self._database)))

    def _fingerprint(self, applied: list[tuple[str, str]]) -> str:
        digest = hashlib.sha256((self._checkout / "locks" / "runtime.txt").read_bytes())
        for file in sorted(self._checkout.glob("*/migrations/*.py")):
            digest.update(f"{file.parent.parent.name}/{file.name}\n".encode() + file.read_bytes())
        digest.update(repr(applied).encode())
        return digest.hexdigest()


def _applied(database: Path) -> list[tuple[str, str]]:
    """Read from the file as it is, for another may have been put in its place; empty when it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    except sqlite3.Error:
        return []
