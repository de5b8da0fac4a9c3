"""Uploads of files and folders: in parallel, in parts, continued after an interruption."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from batchdeck.api.data import Data
from batchdeck.errors import BadName, BatchdeckError, Conflict
from batchdeck.parallel import AT_ONCE, in_parallel

#: Files up to this size are sent in one request.
SMALL = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file to upload and its name below the target folder."""

    file: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a file: its address, or the error."""

    source: Source
    uri: str = ""
    error: BatchdeckError | None = None


def sources_of(paths: Iterable[Path]) -> list[Source]:
    """The files at these paths; a folder's files have names below it. Links inside folders are not followed."""
    sources: list[Source] = []
    for path in paths:
        if path.is_dir():
            sources.extend(_files_below(path))
        elif path.is_file():
            sources.append(Source(path, path.name, path.stat().st_size))
        else:
            raise BadName(f"There is no file or folder {path}.")
    return sources


def _files_below(folder: Path) -> Iterator[Source]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(parent) / name
            if file.is_file() and not file.is_symlink():
                yield Source(file, file.relative_to(folder).as_posix(), file.stat().st_size)


def send_all(
    data: Data,
    connection: str,
    sources: Iterable[Source],
    folder: str,
    *,
    replace: bool = False,
    at_once: int = AT_ONCE,
    sent: Callable[[Source, int], None] = lambda source, count: None,
) -> Iterator[Sent]:
    """Send the files below the s3:// folder and yield what became of each; `sent` is told of bytes, from threads."""
    root = folder if folder.endswith("/") else f"{folder}/"

    def outcome_of(source: Source) -> Sent:
        try:
            uri = send(data, connection, source, f"{root}{source.name}", replace=replace, sent=sent)
        except BatchdeckError as error:
            return Sent(source, error=error)
        except OSError as error:
            return Sent(source, error=BatchdeckError(f"{source.file} cannot be read: {error.strerror}."))
        return Sent(source, uri)

    return in_parallel(outcome_of, sources, at_once)


def send(
    data: Data,
    connection: str,
    source: Source,
    uri: str,
    *,
    replace: bool = False,
    sent: Callable[[Source, int], None] = lambda source, count: None,
) -> str:
    """Send one file to the address; returns the object's address. Raises BatchdeckError and OSError."""
    if source.size <= SMALL:
        body = source.file.read_bytes()
        stored = data.put(connection, uri, body, replace=replace)
        sent(source, len(body))
        return stored
    modified = int(source.file.stat().st_mtime * 1000)
    upload = data.begin_upload(connection, uri, size=source.size, modified=modified, replace=replace)
    size, come = upload["part_size"], set(upload["parts"])
    with source.file.open("rb") as stream:
        for number in range(1, upload["part_count"] + 1):
            length = min(size, source.size - (number - 1) * size)
            if number not in come:
                stream.seek((number - 1) * size)
                part = stream.read(length)
                if len(part) != length:
                    raise BatchdeckError(f"{source.file} became shorter while it was sent.")
                data.put_part(connection, upload["id"], number, part)
            sent(source, length)
    return data.complete_upload(connection, upload["id"], replace=replace)


def is_there(error: BatchdeckError | None) -> bool:
    """Whether the error is that an object has the address already."""
    return isinstance(error, Conflict) and error.code == "object_exists"
