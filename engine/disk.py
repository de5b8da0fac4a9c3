"""A full disk: telling it from other errors, and a reserve of space that lets deletes work on it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from engine.errors import ServiceError

T = TypeVar("T")

#: Bytes of the reserve: what both databases write for a delete, with all that they have not yet moved from their
#: write-ahead logs (4 MB each, SQLite's default `wal_autocheckpoint` of 1,000 pages).
RESERVE = 12 * 1024 * 1024

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
#: The shared-memory file beside a write-ahead log could not grow (https://sqlite.org/rescode.html).
_SQLITE_IOERR_SHMSIZE = 4874


def is_full(error: BaseException) -> bool:
    """Whether this error, or one that it was raised from, says that a disk has no space left."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return True
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF == sqlite3.SQLITE_FULL or code == _SQLITE_IOERR_SHMSIZE:
            return True
    return error.__cause__ is not None and is_full(error.__cause__)


class Disk:
    """The disk that holds the engine's data, and the reserve on it. Every method may be called from any thread."""

    def __init__(self, data_dir: Path, size: int = RESERVE) -> None:
        """`size` is that of the reserve, in bytes; it is not there until `fill`."""
        self._data_dir = data_dir
        self._reserve = data_dir / "reserve"
        self._size = size
        self._whole = False
        self._lock = threading.Lock()

    def fill(self) -> bool:
        """Make the reserve whole; False if the disk has no space for it."""
        with self._lock:
            try:
                if self._reserve.exists() and self._reserve.stat().st_size == self._size:
                    self._whole = True
                    return True
                self._whole = False
                with self._reserve.open("wb") as file:
                    _allocate(file.fileno(), self._size)
            except OSError as error:
                self._reserve.unlink(missing_ok=True)
                if is_full(error):
                    return False
                raise
            self._whole = True
            return True

    def check(self) -> None:
        """Whether there is space for data beside the reserve. Raises OSError (ENOSPC) if there is none."""
        if not self._whole and not self.fill():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @property
    def free(self) -> int:
        """Bytes that are free beside the reserve."""
        return shutil.disk_usage(self._data_dir).free

    def has_room(self, since: int = 0) -> bool:
        """Whether as many bytes as the reserve has are free beside it, and beside the `since` that were free before."""
        return self.fill() and self.free >= since + self._size

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """The reserve is free space inside; afterwards it is made whole again if the disk has space for it."""
        with self._lock:
            self._whole = False
            self._reserve.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.fill()

    def ensure(self, change: Callable[[], T]) -> T:
        """What `change` returns; on a full disk it is called a second time, with the reserve as free space.

        For changes that make room or must not be lost. Raises what `change` raises.
        """
        try:
            return change()
        except Exception as error:
            if not is_full(error):
                raise
        with self.spent():
            return change()

    @property
    def sentence(self) -> str:
        """What a client is told."""
        return (
            f"The engine's disk is full: {self.free:,} bytes are free. Delete objects, or make space on it in another "
            "way, then try again."
        )

    def refusal(self) -> ServiceError:
        """The answer to a request that finds no space: a status that AWS's clients try again after."""
        return ServiceError("ServiceUnavailable", self.sentence, status=503)


def _allocate(file: int, size: int) -> None:
    """Take `size` bytes of the disk. Raises OSError."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    # macOS has no posix_fallocate.
    for _ in range(size // 65536):
        os.write(file, bytes(65536))
