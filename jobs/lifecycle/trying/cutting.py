"""An object's records as a job cuts them, and some of them as the body of another object."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from transform.batching import Splitting, frames_of
from transform.decompression import gunzip
from transform.records import lines


def is_split(request: Mapping[str, Any]) -> bool:
    """Whether the job cuts its objects into records."""
    return (request.get("split_type") or "None") != "None"


def records_of(request: Mapping[str, Any], chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """The object's records with their line ends or framing; empty lines, which are no records, come too.

    `limit` is in bytes, None for no limit. Raises PayloadTooLarge for a longer record, CorruptRecord and NotGzip.
    """
    unpacked = gunzip(chunks) if is_packed(request) else chunks
    if request["split_type"] == "Line":
        return lines(unpacked, limit)
    how = Splitting(request["split_type"], "SingleRecord", limit)
    return (frame.framed for frame in frames_of(unpacked, how))


def is_record(request: Mapping[str, Any], piece: bytes) -> bool:
    """Whether the job sends this piece: it passes over empty lines."""
    return request["split_type"] != "Line" or bool(piece.rstrip(b"\r\n"))


def is_packed(request: Mapping[str, Any]) -> bool:
    """Whether the job's objects are gzip files."""
    return bool(request.get("compression_type") == "Gzip")


def body_of(request: Mapping[str, Any], pieces: Iterable[bytes]) -> bytes:
    """An object for the job with these records."""
    body = b"".join(pieces)
    return gzip.compress(body, mtime=0) if is_packed(request) else body


@contextmanager
def writer(request: Mapping[str, Any], file: IO[bytes]) -> Iterator[Callable[[bytes], object]]:
    """A function that writes records to `file` as an object for the job."""
    if is_packed(request):
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            yield packed.write
    else:
        yield file.write
