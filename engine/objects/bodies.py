"""The bytes of objects: small ones in the index, large ones in files named at random, never by their key."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from engine.disk import Disk
from engine.objects.info import Body
from engine.sqlite import Database

#: Bodies up to this many bytes live in the index: one read instead of a file of their own.
INLINE_LIMIT = 16 * 1024


class Bodies:
    """Reads, writes and forgets bodies. A body being read outlives its object until the reader is closed."""

    def __init__(self, database: Database, directory: Path, disk: Disk) -> None:
        self.disk = disk
        self._database = database
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        # Reentrant: garbage collection may close a forgotten reader in the middle of any of our own steps.
        self._lock = threading.RLock()
        self._readers: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def path(self, name: str) -> Path:
        """The file of that name; two levels, so that no folder grows without bound."""
        return self._directory / name[:2] / name

    def new_file(self) -> tuple[str, BinaryIO]:
        """A fresh file to write a body to: its name and the open file."""
        name = secrets.token_hex(16)
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        return name, path.open("xb")

    def inline(self, body: Body) -> bytes:
        """The bytes of an inline body."""
        rows = self._database.read("SELECT data FROM inline_bodies WHERE id = ?", (body.inline,))
        data: bytes = rows[0][0] if rows else b""
        return data

    def pin(self, body: Body) -> None:
        """Keep the body's files until `unpin`, whatever becomes of its object."""
        if not body.files:
            return
        with self._lock:
            self._readers.update(name for name, _ in body.files)

    def unpin(self, body: Body) -> None:
        """A reader is done; files that were given up meanwhile go now."""
        if not body.files:
            return
        with self._lock:
            self._readers.subtract(name for name, _ in body.files)
            free = [name for name, _ in body.files if self._readers[name] <= 0]
            for name in free:
                del self._readers[name]
            gone = self._doomed.intersection(free)
            self._doomed -= gone
        self._unlink(gone)

    def discard(self, bodies: Iterable[Body]) -> None:
        """Remove the files of bodies that no object has any more."""
        names = {name for body in bodies for name, _ in body.files}
        with self._lock:
            held = {name for name in names if self._readers[name] > 0}
            self._doomed |= held
        self._unlink(names - held)

    def sweep(self, names_in_use: set[str]) -> None:
        """Remove every file whose name is not in use: what a killed engine had begun to write."""
        for folder in self._directory.iterdir():
            self._unlink({path.name for path in folder.iterdir()} - names_in_use)

    def _unlink(self, names: Iterable[str]) -> None:
        for name in names:
            self.path(name).unlink(missing_ok=True)


class BodyReader:
    """A body's bytes. Close it, or use it as a context manager."""

    def __init__(self, bodies: Bodies, body: Body, size: int, inline: bytes | None = None) -> None:
        """`inline` are the bytes of an inline body, for who has read them already."""
        self._bodies = bodies
        self._body = body
        self._left = size
        if inline is None:
            inline = bodies.inline(body) if body.inline is not None else b""
        self._inline = inline
        self._files = list(body.files)
        self._file: BinaryIO | None = None
        self._skip = 0
        bodies.pin(body)

    def narrow(self, start: int, end: int) -> None:
        """Read only the bytes from `start` up to, but not with, `end`; to be called before anything was read."""
        self._skip = start
        self._left = end - start
        self._inline = self._inline[start:end]

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that is left for -1; empty at the end. May give fewer than asked."""
        if self._body.inline is not None:
            size = len(self._inline) if size < 0 else size
            data, self._inline = self._inline[:size], self._inline[size:]
            return data
        if size < 0:
            return b"".join(iter(lambda: self.read(1024 * 1024), b""))
        return self._read_file(min(size, self._left))

    def _read_file(self, size: int) -> bytes:
        while size > 0:
            if self._file is None and not self._open_next():
                return b""
            assert self._file is not None
            data = self._file.read(size)
            if data:
                self._left -= len(data)
                return data
            self._file.close()
            self._file = None
        return b""

    def _open_next(self) -> bool:
        while self._files:
            name, length = self._files.pop(0)
            if self._skip < length:
                self._file = self._bodies.path(name).open("rb", buffering=0)
                self._file.seek(self._skip)
                self._skip = 0
                return True
            self._skip -= length
        return False

    def close(self) -> None:
        """Let go of the body's files. Closing twice is harmless."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._files.clear()
        self._bodies.unpin(self._body)
        self._body = Body(inline=self._body.inline)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class BodyWriter:
    """Takes a body's bytes in order. Nothing can be seen of them until the index says so."""

    def __init__(self, bodies: Bodies) -> None:
        """Raises OSError (ENOSPC) where the disk is full."""
        bodies.disk.check()
        self._bodies = bodies
        self._buffer = bytearray()
        self._file: BinaryIO | None = None
        self._name = ""
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._md5.update(data)
        self.size += len(data)
        if self._file is None and self.size <= INLINE_LIMIT:
            self._buffer += data
            return
        if self._file is None:
            self._name, self._file = self._bodies.new_file()
            self._file.write(self._buffer)
            self._buffer.clear()
        self._file.write(data)

    @property
    def is_small(self) -> bool:
        """Whether all bytes so far are held in memory."""
        return self._file is None

    @property
    def md5(self) -> bytes:
        """The MD5 of what was written, which is S3's ETag for a body in one piece."""
        return self._md5.digest()

    def finish(self) -> tuple[bytes | None, Body]:
        """End the body: the bytes to keep inline, or None and the files that hold it."""
        if self._file is None:
            return bytes(self._buffer), Body()
        self._file.close()
        self._file = None
        return None, Body(files=((self._name, self.size),))

    def finish_to_file(self) -> Body:
        """End the body in a file however small: a part, to be joined with others without copying."""
        if self._file is None:
            self._name, self._file = self._bodies.new_file()
            self._file.write(self._buffer)
        return self.finish()[1]

    def abort(self) -> None:
        """Throw away what was written."""
        if self._file is not None:
            # Closing writes what is buffered, for which a full disk has no space.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self._name:
            os.unlink(self._bodies.path(self._name))
            self._name = ""
