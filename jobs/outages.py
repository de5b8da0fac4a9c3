"""Outages of the database: a full disk, a lock, a server that cannot be reached."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError


@dataclass(frozen=True, slots=True)
class Outage:
    """A sentence for people, and the seconds after which another try makes sense."""

    sentence: str
    retry_after: int = 30


FULL = Outage(
    "The disk of the database is full: nothing was saved. Saving works again as soon as there is space."
)
READ_ONLY = Outage(
    "The database can be read but not written: nothing was saved. Its folder or disk is read-only."
)
BUSY = Outage("The database is busy with another change: nothing was saved. Try again in a moment.", 5)
AWAY = Outage("The database cannot be reached. Try again in a moment.", 10)
UNUSABLE = Outage("The database's file cannot be opened: its folder or disk is read-only, or gone.")

#: By SQLite's primary result codes (https://sqlite.org/rescode.html).
_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_CANTOPEN: UNUSABLE,
    sqlite3.SQLITE_IOERR: UNUSABLE,
}
#: The shared memory beside a write-ahead log could not grow.
_SQLITE_IOERR_SHMSIZE = 4874
#: By the SQLSTATEs of PostgreSQL, appendix A of its manual.
_POSTGRESQL = {
    "53100": FULL,
    "25006": READ_ONLY,
    "55P03": BUSY,
    "40P01": BUSY,
    "40001": BUSY,
    "57014": BUSY,
}
_OS = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY}


def outage_of(error: BaseException | None) -> Outage | None:
    """The outage behind an error; None for any other error."""
    if isinstance(error, OSError):
        return _OS.get(error.errno or 0)
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0)
        return FULL if code == _SQLITE_IOERR_SHMSIZE else _SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state in _POSTGRESQL:
        return _POSTGRESQL[state]
    # Without a state the server was not reached; classes 08 and 57 are lost connections and a server that ends.
    lost = state is None or state[:2] in ("08", "57") or state == "53300"
    return AWAY if lost and isinstance(error, OperationalError | InterfaceError) else None
