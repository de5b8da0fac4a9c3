"""Unpacking model.tar.gz, which comes from anyone and is not trusted."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import Protocol

#: A model may unpack to this many bytes and members; the service's own volume has 30 GB.
MAX_BYTES = 30 * 1024**3
MAX_MEMBERS = 100_000


class Readable(Protocol):
    """Anything with bytes to read."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


class BadArchive(Exception):
    """The archive cannot or must not be unpacked; the message says why and what to do."""


def unpack(archive: Readable, directory: Path) -> None:
    """Unpack a gzipped tar into `directory`, which is made.

    Raises BadArchive for one that is no gzipped tar, is cut short, is larger than a model may be, or has a
    member that would land outside the directory: such an archive is refused, not unpacked in part.
    """
    directory.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=_Stream(archive), mode="r|gz") as tar:
            _extract(tar, directory)
    except (tarfile.FilterError, tarfile.ExtractError) as error:
        raise BadArchive(f"The model archive is refused: {error}.") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise BadArchive(
            f"The model archive cannot be unpacked ({error}). It must be a complete .tar.gz; "
            "make it anew and upload it again."
        ) from error


def _extract(tar: tarfile.TarFile, directory: Path) -> None:
    size = 0
    for count, member in enumerate(tar, start=1):
        size += member.size
        if size > MAX_BYTES or count > MAX_MEMBERS:
            raise BadArchive(
                f"The model archive is refused: it unpacks to more than {MAX_BYTES // 1024**3} GB "
                f"or {MAX_MEMBERS} members."
            )
        # The "data" filter of PEP 706: no absolute paths, nothing outside, no links out, no devices.
        tar.extract(member, directory, filter="data")


class _Stream(io.RawIOBase):
    """A readable as the file object that tarfile wants."""

    def __init__(self, source: Readable) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._source.read(size)
