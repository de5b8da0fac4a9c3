"""Downloads into a folder: in parallel, continued after an interruption, and never outside the folder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from batchdeck.errors import BadName, BatchdeckError, Unreachable
from batchdeck.parallel import AT_ONCE, in_parallel

PIECE = 256 * 1024
#: Times that a file is continued after its connection broke.
TRIES = 5
_RESERVED = re.compile(r'[\x00-\x1f<>:"|?*\\]') if os.name == "nt" else re.compile(r"[\x00]")
_LONGEST_NAME = 255

#: Opens an object's bytes with these headers.
Open = Callable[[Mapping[str, str]], BaseHTTPResponse]


@dataclass(frozen=True, slots=True)
class Download:
    """An object to fetch: its name below the folder, its size in bytes, and when it was written."""

    name: str
    size: int
    modified: str | None
    open: Open


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a download: its file, whether that was there already, or the error."""

    download: Download
    file: Path | None = None
    was_there: bool = False
    error: BatchdeckError | None = None


def fetch_all(
    downloads: Iterable[Download],
    folder: Path,
    *,
    at_once: int = AT_ONCE,
    arrived: Callable[[Download, int], None] = lambda download, count: None,
) -> Iterator[Outcome]:
    """Fetch the objects and yield what became of each; `arrived` is told of bytes, from several threads."""
    # Listing goes on only as fast as files are fetched.
    return in_parallel(lambda download: _outcome_of(download, folder, arrived), downloads, at_once)


def fetch(
    download: Download, folder: Path, arrived: Callable[[Download, int], None] = lambda download, count: None
) -> Outcome:
    """Fetch one object. Bytes that an earlier call brought are not fetched again. Raises BatchdeckError."""
    file = place(folder, download.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _check_inside(folder, file)
        if _is_complete(file, download):
            return Outcome(download, file, was_there=True)
        part = _part_of(file, download)
        _bring(download, part, arrived)
        _set_time(part, download)
        os.replace(part, file)
    except OSError as error:
        raise BatchdeckError(f"{file} cannot be written: {error.strerror or error}.") from error
    return Outcome(download, file)


def place(folder: Path, name: str) -> Path:
    """The file for an object's name below the folder. Raises BadName for a name that could lead out of it."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or _RESERVED.search(part) for part in parts):
        raise BadName(f"{name!r} cannot be a file's name below {folder}.")
    if any(len(os.fsencode(part)) > _LONGEST_NAME - 16 for part in parts):
        raise BadName(f"A part of {name[:60]!r}… is too long for a file's name.")
    return folder.joinpath(*parts)


def _check_inside(folder: Path, file: Path) -> None:
    # A link inside the folder may lead out of it.
    if not file.parent.resolve().is_relative_to(folder.resolve()):
        raise BadName(f"{file} lies outside {folder}, by a link.")


def _outcome_of(download: Download, folder: Path, arrived: Callable[[Download, int], None]) -> Outcome:
    try:
        return fetch(download, folder, arrived)
    except BatchdeckError as error:
        return Outcome(download, error=error)


def _is_complete(file: Path, download: Download) -> bool:
    """Whether the file is this version of the object, by size and time, as an earlier call left it."""
    try:
        facts = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    time = _time_of(download)
    return facts.st_size == download.size and (time is None or abs(facts.st_mtime - time) < 1)


def _part_of(file: Path, download: Download) -> Path:
    """The file that holds what has come. Another version of the object has another one."""
    version = hashlib.sha256(f"{download.size} {download.modified}".encode()).hexdigest()[:8]
    return file.with_name(f".{file.name}.{version}.part")


def _bring(download: Download, part: Path, arrived: Callable[[Download, int], None]) -> None:
    come = part.stat().st_size if part.exists() else 0
    if come > download.size:
        part.unlink()
        come = 0
    arrived(download, come)
    tries = 0
    while True:
        before = come
        come = _append(download, part, come, arrived)
        if come == download.size:
            return
        # Progress earns further tries: only a connection that brings nothing gives up.
        tries = 0 if come > before else tries + 1
        if come > download.size or tries >= TRIES:
            raise Unreachable(f"{download.name}: {come:,} of {download.size:,} bytes came.")


def _append(download: Download, part: Path, come: int, arrived: Callable[[Download, int], None]) -> int:
    """Fetch the rest into the file; returns its bytes, fewer than all if the connection broke."""
    if come == download.size and part.exists():
        return come
    answer = download.open({"Range": f"bytes={come}-"} if come else {})
    try:
        # A server without ranges sends the whole object.
        if come and answer.status != 206:
            arrived(download, -come)
            come = 0
        with part.open("ab" if come else "wb") as stream:
            for piece in answer.stream(PIECE):
                stream.write(piece)
                come += len(piece)
                arrived(download, len(piece))
        answer.release_conn()
    except HTTPError:
        answer.close()
    return come


def _set_time(file: Path, download: Download) -> None:
    time = _time_of(download)
    if time is not None:
        os.utime(file, (time, time))


def _time_of(download: Download) -> float | None:
    if download.modified is None:
        return None
    return datetime.fromisoformat(download.modified.replace("Z", "+00:00")).timestamp()
