"""The disk: the size of folders, the errors of a full disk, and a reserve of space with which deletes still work."""

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

#: Bytes of the reserve: what both databases write for a delete, plus their write-ahead logs (4 MB each by SQLite's
#: default `wal_autocheckpoint` of 1,000 pages).
RESERVE = 12 * 1024 * 1024

#: Every file and folder counts as this many bytes at least, also an empty one: ext4 has one file for so many bytes.
_LEAST_BYTES = 16 * 1024

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
#: The shared-memory file beside a write-ahead log could not grow (https://sqlite.org/rescode.html).
_SQLITE_IOERR_SHMSIZE = 4874


def is_full(error: BaseException) -> bool:
    """Whether this error, or one of its causes, means that a disk is full."""
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return True
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF == sqlite3.SQLITE_FULL or code == _SQLITE_IOERR_SHMSIZE:
            return True
    return error.__cause__ is not None and is_full(error.__cause__)


def bytes_below(folder: Path) -> int:
    """The bytes on disk of all files and folders below a folder. Links are not followed.

    What disappears meanwhile is left out. Raises OSError for a folder that cannot be read, whose files would not count.
    """
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    total += max(status.st_blocks * 512, _LEAST_BYTES)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return total


class Disk:
    """The disk with the engine's data, and a reserve file on it. All methods are thread-safe."""

    def __init__(self, data_dir: Path, size: int = RESERVE) -> None:
        """`size` is the reserve's size in bytes; `fill` creates it."""
        self._data_dir = data_dir
        self._reserve = data_dir / "reserve"
        self._size = size
        self._whole = False
        self._lock = threading.Lock()

    def fill(self) -> bool:
        """Create the reserve file, or complete it; False if the disk has no space for it."""
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
        """Raises OSError (ENOSPC) if the disk has no space for the reserve, and so none for data."""
        if not self._whole and not self.fill():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @property
    def free(self) -> int:
        """Free bytes, not counting the reserve."""
        return shutil.disk_usage(self._data_dir).free

    def has_room(self, since: int = 0) -> bool:
        """Whether the reserve is complete and at least its size is free beyond `since` bytes."""
        return self.fill() and self.free >= since + self._size

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """Release the reserve within the block; afterwards restore it if the disk has space."""
        with self._lock:
            self._whole = False
            self._reserve.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.fill()

    def ensure(self, change: Callable[[], T]) -> T:
        """Call `change` and return its result; if the disk is full, call it again with the reserve released.

        For changes that free space or must not be lost. Raises what `change` raises.
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
        """The message to clients when the disk is full."""
        return (
            f"The engine's disk is full: {self.free:,} bytes are free. Delete objects, or make space on it in another "
            "way, then try again."
        )

    def refusal(self) -> ServiceError:
        """The error for a request that needs space; AWS's clients repeat requests with this status."""
        return ServiceError("ServiceUnavailable", self.sentence, status=503)


def _allocate(file: int, size: int) -> None:
    """Allocate `size` bytes for the open file. Raises OSError."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    # macOS has no posix_fallocate.
    for _ in range(size // 65536):
        os.write(file, bytes(65536))
