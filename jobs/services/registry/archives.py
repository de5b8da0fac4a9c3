"""Looking at the beginning of a model's archive, which comes from anyone: bounded in bytes, members and time.

Nothing is written to a disk; names are all that is kept of the members.
"""

from __future__ import annotations

import io
import tarfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from transform.archives import MAX_BYTES, kind_of, trouble_with_member, trouble_with_size

#: Bytes that an instance without disks of its own has for the archive and what is unpacked from it: 30 GB.
VOLUME = MAX_BYTES
#: Of the archive as it lies in S3; of what comes out of it.
MOST_READ = 8 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
_CHUNK = 64 * 1024
#: Reads beyond the end after which the archive is left: tarfile asks on for all that a member claims to have.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """The files of an archive as far as they were seen, by their path below its top.

    `whole` if that is all of them. `damage` says why it cannot be unpacked, `refused` which member nobody would
    unpack; both are the ends of sentences, empty where all is well.
    """

    files: tuple[str, ...] = ()
    whole: bool = False
    damage: str = ""
    refused: str = ""


def look(pieces: Iterator[bytes], until: float) -> ArchiveContents:
    """What the archive holds, out of as many of its pieces as are needed until then, by `time.monotonic`.

    Errors of reading pass through.
    """
    beginning = _Beginning(pieces, until)
    files: list[str] = []
    size = 0
    try:
        with tarfile.open(fileobj=io.BufferedReader(beginning, _CHUNK), mode="r|") as tar:
            for number, member in enumerate(tar, start=1):
                size += member.size if member.isfile() else 0
                refused = _why_refused(member) or trouble_with_size(size, number)
                if refused:
                    return ArchiveContents(tuple(files), refused=refused)
                if member.isfile():
                    files.append(str(PurePosixPath(member.name)))
    except _Enough:
        return ArchiveContents(tuple(files))
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        return ArchiveContents(tuple(files), damage=f"is no complete .tar.gz ({error})")
    return ArchiveContents(tuple(files), whole=True)


def _why_refused(member: tarfile.TarInfo) -> str:
    why = trouble_with_member(member.name, kind_of(member), member.linkname)
    return f"has the member {member.name!r}, which {why}" if why else ""


class _Enough(Exception):
    """A bound is met."""


class _Beginning(io.RawIOBase):
    """The unpacked bytes. Reading on after a bound is met raises _Enough."""

    def __init__(self, pieces: Iterator[bytes], until: float) -> None:
        self._pieces = pieces
        self._unpacker = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._read = self._unpacked = 0
        self._until = until
        self._beyond = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """As of any file. Raises EOFError where the archive ends before its last byte, or is read far beyond it."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._unpacker.eof:
            if time.monotonic() > self._until or self._unpacked > MOST_UNPACKED:
                raise _Enough
            data = self._unpacker.decompress(self._waiting or self._next(), len(view))
            self._waiting = self._unpacker.unconsumed_tail
            if data:
                view[: len(data)] = data
                self._unpacked += len(data)
                return len(data)
        self._beyond += 1
        if self._beyond > _PATIENCE:
            raise EOFError("a member is longer than the archive")
        return 0

    def _next(self) -> bytes:
        if self._read >= MOST_READ:
            raise _Enough
        piece = next(self._pieces, b"")
        if not piece:
            raise EOFError("it ends too early")
        self._read += len(piece)
        return piece
