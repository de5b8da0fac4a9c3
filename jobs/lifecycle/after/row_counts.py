"""The rows of one input and of its output, counted within a budget of bytes and time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from aws import Rejected, Target, objects
from transform.decompression import NotGzip, gunzip
from transform.rowmarks import Mark, RowMarks


class NotCounted(Exception):
    """This file cannot be counted: it is gone, was replaced since, or is no Gzip."""


class NotAllowed(NotCounted):
    """S3 refuses this file, and so most likely the others."""


class OutOfBytes(Exception):
    """As many bytes were read as may be."""


class OutOfTime(Exception):
    """The budget's time is over."""


@dataclass(slots=True)
class Budget:
    """What may still be read, shared by the threads that read."""

    bytes: int
    deadline: float
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, count: int) -> None:
        """Count bytes that were read; raises OutOfBytes and OutOfTime."""
        with self._lock:
            self.bytes -= count
        if self.bytes < 0:
            raise OutOfBytes
        if time.monotonic() > self.deadline:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class File:
    """Where an input and its output lie.

    `etag` is the input's when it was planned, empty if that is not known; `before` is when the job began to read it.
    """

    input: tuple[str, str]
    output: tuple[str, str]
    gzip: bool
    before: datetime | None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of an object, and where they begin in it; no marks where bytes cannot be gone to, as in a gzip."""

    rows: int
    etag: str
    marks: tuple[Mark, ...]


def count(file: File, target: Target, budget: Budget) -> tuple[Counted, Counted]:
    """The rows of the input and of its output.

    Raises NotCounted, OutOfBytes, OutOfTime, and Throttled or Unreachable.
    """
    try:
        rows_in = _count(target, file.input, budget, gzip=file.gzip, before=file.before, etag=file.etag)
        return rows_in, _count(target, file.output, budget)
    except Rejected as error:
        raise NotAllowed(error.sentence) from error
    except NotGzip as error:
        raise NotCounted(str(error)) from error


def _count(
    target: Target,
    place: tuple[str, str],
    budget: Budget,
    *,
    gzip: bool = False,
    before: datetime | None = None,
    etag: str = "",
) -> Counted:
    found = objects.read_in_ranges(target, *place)
    if found is None:
        raise NotCounted("It is no longer there.")
    if (before is not None and found.modified > before) or (etag and found.etag and found.etag != etag):
        raise NotCounted("It was replaced since the job read it, or since it was listed.")
    counter = RowMarks()
    for piece in gunzip(_spent(found.pieces, budget)) if gzip else found.pieces:
        # What unpacks to a thousand times its size costs time too.
        budget.spend(len(piece))
        counter.add(piece)
    return Counted(counter.rows, found.etag, () if gzip else tuple(counter.marks))


def _spent(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.spend(len(piece))
        yield piece
