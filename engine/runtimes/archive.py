"""Unpacking model.tar.gz, which is not trusted."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from engine.disk import is_full
from engine.errors import CannotRun
from engine.limits import MIB, Limits
from engine.readable import Readable
from transform.archives import MAX_MEMBERS, kind_of, trouble_with_member

_CHUNK = 1024 * 1024
_LONGEST_HEADER = 16 * 1024 * 1024
#: Maximum reads behind the end of the data: tarfile keeps reading for as many bytes as a member claims to have.
_MAX_READS_AT_END = 20


class BadArchive(CannotRun):
    """The archive is invalid or refused. The message says why and what to do."""


def unpack(archive: Readable, directory: Path, limits: Limits, max_members: int = MAX_MEMBERS) -> None:
    """Unpack a gzipped tar into `directory`, which is created and cannot be used if this raises.

    Members keep their names and executable bits, but not owners, times or special modes. Raises BadArchive if the
    archive is not a gzipped tar, is damaged or truncated, exceeds `limits`, `max_members` or the free disk space, or
    has a member or link that leads outside the directory; OSError (ENOSPC) if the disk is full.
    """
    _make_folder(directory)
    space = limits.space_left(directory)
    if space <= 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    max_bytes = min(limits.unpacked_mb * MIB, space)
    bound = (
        f"{max_bytes} bytes, which is what this machine's disk has left"
        if max_bytes == space
        else (f"{max_bytes} bytes (ENGINE_LIMITS, unpacked_mb)")
    )
    try:
        # Not tarfile's own mode "r|gz", which does not verify gzip's checksum.
        with _Data(fileobj=io.BufferedReader(_Stream(archive), _CHUNK), mode="rb") as data:
            _Unpacking(directory.resolve(), max_bytes, max_members, bound).run(data)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadArchive(
            f"The model archive cannot be unpacked ({error}). It must be a complete .tar.gz; "
            "make it anew and upload it again."
        ) from error
    except OSError as error:
        if is_full(error):
            raise
        raise BadArchive(
            f"The model archive cannot be unpacked on this machine: {error.strerror or error}."
        ) from error


class _Unpacking:
    """Unpacks one archive into one directory.

    Has its own rules because not every Python 3.11 has tarfile's extraction filters.
    """

    def __init__(self, directory: Path, max_bytes: int, max_members: int, bound: str) -> None:
        self._directory = directory
        self._bytes_left = max_bytes
        self._members_left = max_members
        self._bound = bound
        self._max_members = max_members
        #: The links unpacked so far, with the names of their members.
        self._links: dict[Path, str] = {}

    def run(self, data: _Data) -> None:
        """Unpack all members, then read the rest of the gzip stream to verify its checksum."""
        with tarfile.open(fileobj=data, mode="r|") as tar:
            while (member := tar.next()) is not None:
                self._members_left -= 1
                self._check_limits()
                data.header_left = None
                self._extract(tar, member)
                data.header_left = _LONGEST_HEADER
        data.header_left = None
        while padding := data.read(_CHUNK):
            self._bytes_left -= len(padding)
            self._check_limits()
        self._check_links()

    def _check_limits(self) -> None:
        if self._members_left < 0:
            raise BadArchive(f"The model archive is refused: it has more than {self._max_members} members.")
        if self._bytes_left < 0:
            raise BadArchive(f"The model archive is refused: it unpacks to more than {self._bound}.")

    def _check_links(self) -> None:
        """Raises BadArchive if a link leads outside by the links that are there in the end.

        A member that replaces a link changes where earlier links through it lead.
        """
        for link, member in self._links.items():
            if not Path(os.path.realpath(link)).is_relative_to(self._directory):
                raise _outside(member)

    def _extract(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if why := trouble_with_member(member.name, kind_of(member), member.linkname):
            raise BadArchive(f"The model archive is refused: its member {member.name!r} {why}.")
        target = self._inside(member.name, member.name)
        if member.isdir():
            _make_folder(target)
            return
        if target == self._directory:
            raise BadArchive(f"The model archive is refused: its member {member.name!r} has no name.")
        _make_folder(target.parent)
        if target.is_symlink() or target.is_file():
            target.unlink()  # A later member replaces an earlier one and must not be written through a link.
        if member.issym():
            self._inside(str(PurePosixPath(member.name).parent / member.linkname), member.name)
            target.symlink_to(member.linkname)
            self._links[target] = member.name
        elif member.islnk():
            self._links[target] = member.name
            os.link(self._inside(member.linkname, member.name), target, follow_symlinks=False)
        else:
            self._write(tar, member, target)

    def _inside(self, name: str, member: str) -> Path:
        """The path of `name`, following the links unpacked so far. Raises BadArchive if it is outside the directory."""
        path = PurePosixPath(name)
        real = Path(os.path.realpath(self._directory / path.parent)) / path.name
        landed = Path(os.path.realpath(self._directory / path))
        if path.is_absolute() or not all(
            location.is_relative_to(self._directory) for location in (real, landed)
        ):
            raise _outside(member)
        return self._directory if path.name in ("", "..") else real

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
        source = tar.extractfile(member)
        assert source is not None, "a file has bytes"
        with target.open("xb") as file:
            while chunk := source.read(_CHUNK):
                self._bytes_left -= len(chunk)
                self._check_limits()
                file.write(chunk)
        target.chmod(0o755 if member.mode & 0o100 else 0o644)


def _outside(member: str) -> BadArchive:
    return BadArchive(
        f"The model archive is refused: its member {member!r} leads outside of the model's folder."
    )


def _make_folder(path: Path) -> None:
    """Create a folder that the model server's user can read, whatever the umask; the folder above is private."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)


class _Data(gzip.GzipFile):
    """The decompressed tar. `header_left` limits the bytes read between members; it is None within a member.

    tarfile reads a header into memory, and a few compressed bytes can contain a header of gigabytes.
    """

    header_left: int | None = _LONGEST_HEADER
    _reads_behind_end = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes. Raises BadArchive for a too long header, EOFError for too many reads at the end."""
        data = super().read(size)
        if not data and size:
            self._reads_behind_end += 1
            if self._reads_behind_end > _MAX_READS_AT_END:
                raise EOFError("a member claims more bytes than there are")
        if self.header_left is not None:
            self.header_left -= len(data)
            if self.header_left < 0:
                raise BadArchive(
                    f"The model archive is refused: a member's header has more than {_LONGEST_HEADER} bytes."
                )
        return data


class _Stream(io.RawIOBase):
    """A readable as a file object for gzip."""

    def __init__(self, source: Readable) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._source.read(len(view))
        view[: len(data)] = data
        return len(data)
