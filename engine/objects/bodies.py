"""The bytes of objects: small bodies are in the index, large ones in files with random names."""

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

#: Bodies up to this many bytes are stored in the index, which saves a file.
INLINE_LIMIT = 16 * 1024


class Bodies:
    """The files of bodies. A file that is being read stays until its readers are closed."""

    def __init__(self, database: Database, directory: Path, disk: Disk) -> None:
        self.disk = disk
        self._database = database
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        # Reentrant: garbage collection may close an abandoned reader while this thread holds the lock.
        self._lock = threading.RLock()
        self._readers: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def path(self, name: str) -> Path:
        """The path of the file with that name. Files are spread over 256 folders."""
        return self._directory / name[:2] / name

    def new_file(self) -> tuple[str, BinaryIO]:
        """Create a file for a body; returns its name and the open file."""
        name = secrets.token_hex(16)
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        return name, path.open("xb")

    def inline(self, body: Body) -> bytes:
        """The bytes of a body that is stored in the index."""
        rows = self._database.read("SELECT data FROM inline_bodies WHERE id = ?", (body.inline,))
        data: bytes = rows[0][0] if rows else b""
        return data

    def pin(self, body: Body) -> None:
        """Keep the body's files until `unpin`, even if its object is deleted."""
        if not body.files:
            return
        with self._lock:
            self._readers.update(name for name, _ in body.files)

    def unpin(self, body: Body) -> None:
        """Release the body's files; removes those that were discarded since `pin`."""
        if not body.files:
            return
        with self._lock:
            self._readers.subtract(name for name, _ in body.files)
            free = [name for name, _ in body.files if self._readers[name] <= 0]
            for name in free:
                del self._readers[name]
            doomed_names = self._doomed.intersection(free)
            self._doomed -= doomed_names
        self._unlink(doomed_names)

    def discard(self, bodies: Iterable[Body]) -> None:
        """Remove the files of bodies whose objects are gone, now or when their last reader is closed."""
        names = {name for body in bodies for name, _ in body.files}
        with self._lock:
            open_names = {name for name in names if self._readers[name] > 0}
            self._doomed |= open_names
        self._unlink(names - open_names)

    def sweep(self, names_in_use: set[str]) -> None:
        """Remove every file that is not in use, such as those that a killed engine left unfinished."""
        for folder in self._directory.iterdir():
            self._unlink({path.name for path in folder.iterdir()} - names_in_use)

    def _unlink(self, names: Iterable[str]) -> None:
        for name in names:
            self.path(name).unlink(missing_ok=True)


class BodyReader:
    """Reads a body's bytes. Close it, or use it as a context manager."""

    def __init__(self, bodies: Bodies, body: Body, size: int, inline: bytes | None = None) -> None:
        """`inline` are the bytes of a body in the index if the caller has read them already."""
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
        """Limit reading to the bytes from `start` (inclusive) to `end` (exclusive). Call it before the first read."""
        self._skip = start
        self._left = end - start
        self._inline = self._inline[start:end]

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, all remaining ones for -1; empty at the end. May return fewer than `size`."""
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
        """Release the body's files. May be called twice."""
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
    """Writes a body's bytes in order. They are visible only once the index has them."""

    def __init__(self, bodies: Bodies) -> None:
        """Raises OSError (ENOSPC) if the disk is full."""
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
        """Whether all bytes so far are in memory."""
        return self._file is None

    @property
    def md5(self) -> bytes:
        """The MD5 of the bytes so far, S3's ETag of a body in one piece."""
        return self._md5.digest()

    def finish(self) -> tuple[bytes | None, Body]:
        """End the body; returns the bytes to store in the index, or None and the body with its file."""
        if self._file is None:
            return bytes(self._buffer), Body()
        self._file.close()
        self._file = None
        return None, Body(files=((self._name, self.size),))

    def finish_to_file(self) -> Body:
        """End the body as a file, whatever its size: parts of an upload are joined without copying."""
        if self._file is None:
            self._name, self._file = self._bodies.new_file()
            self._file.write(self._buffer)
        return self.finish()[1]

    def abort(self) -> None:
        """Discard what was written."""
        if self._file is not None:
            # Closing writes the buffer, which fails on a full disk.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self._name:
            os.unlink(self._bodies.path(self._name))
            self._name = ""
