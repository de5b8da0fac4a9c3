"""Read the beginning of a model's archive, which may come from anyone: bounded in bytes, members and time.

Nothing is written to disk; of the members their names are kept, and which library saved them.
"""

from __future__ import annotations

import io
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from transform.archives import MAX_BYTES, kind_of, trouble_with_member, trouble_with_size
from transform.saved_models import SavedModel, find_saved_models

#: Bytes on an instance without disks of its own for the archive and its unpacked files: 30 GB.
VOLUME = MAX_BYTES
#: Bytes read of the archive, and bytes unpacked from it.
MOST_READ = 8 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
_CHUNK = 64 * 1024
#: Reads beyond the end before the archive is given up: tarfile reads as much as a member claims to have.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """The files of an archive that were read, by their path in it.

    `saved` has the libraries that saved a file, where its bytes tell. `whole` is true if these are all files. `damage`
    says why the archive cannot be unpacked, `refused` which member is unsafe to unpack; both are ends of sentences,
    empty if all is well.
    """

    files: tuple[str, ...] = ()
    whole: bool = False
    damage: str = ""
    refused: str = ""
    saved: Mapping[str, Mapping[str, SavedModel]] = field(default_factory=dict)


def look(pieces: Iterator[bytes], until: float) -> ArchiveContents:
    """The archive's contents, read from its pieces until the time `until` of `time.monotonic`.

    Errors from `pieces` pass through.
    """
    beginning = _Beginning(pieces, until)
    files: list[str] = []
    saved: dict[str, Mapping[str, SavedModel]] = {}
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
                    if member.size and (saved_models := find_saved_models(_pieces(tar, member))):
                        saved[files[-1]] = saved_models
    except _Enough:
        return ArchiveContents(tuple(files), saved=saved)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        return ArchiveContents(tuple(files), damage=f"is no complete .tar.gz ({error})")
    return ArchiveContents(tuple(files), whole=True, saved=saved)


def _pieces(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    """The bytes of a member, as far as the archive may be read."""
    file = tar.extractfile(member)
    try:
        while file is not None and (piece := file.read(_CHUNK)):
            yield piece
    except _Enough:
        return


def _why_refused(member: tarfile.TarInfo) -> str:
    why = trouble_with_member(member.name, kind_of(member), member.linkname)
    return f"has the member {member.name!r}, which {why}" if why else ""


class _Enough(Exception):
    """A limit is reached."""


class _Beginning(io.RawIOBase):
    """The unpacked bytes as a file. Reading raises _Enough once a limit is reached."""

    def __init__(self, pieces: Iterator[bytes], until: float) -> None:
        self._pieces = pieces
        self._unpacker = zlib.decompressobj(wbits=31)
        self._waiting = b""
        self._read = self._unpacked = 0
        self._until = until
        self._beyond = 0

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """Read into the buffer. Raises EOFError if the archive is cut short, or is read far beyond its end."""
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
