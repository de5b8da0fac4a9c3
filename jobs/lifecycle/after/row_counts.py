"""Counts the rows of one input and of its output, within a budget of bytes and time."""

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
    """The file cannot be counted: it is gone, was replaced, or is not Gzip."""


class NotAllowed(NotCounted):
    """S3 refuses the file, and so most likely the others."""


class OutOfBytes(Exception):
    """The byte budget is used up."""


class OutOfTime(Exception):
    """The time budget is used up."""


@dataclass(slots=True)
class Budget:
    """Bytes that may still be read, and until when (time.monotonic); shared by the threads that read."""

    bytes: int
    deadline: float
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, count: int) -> None:
        """Take bytes that were read from the budget. Raises OutOfBytes and OutOfTime."""
        with self._lock:
            self.bytes -= count
        if self.bytes < 0:
            raise OutOfBytes
        if time.monotonic() > self.deadline:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class FilePair:
    """An input and its output, each as bucket and key.

    `etag` is the input's at the time of the plan, empty if it is not known; `before` is when the job began to read.
    """

    input: tuple[str, str]
    output: tuple[str, str]
    gzip: bool
    before: datetime | None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """The number of rows of an object, and marks of where they begin; no marks in a gzip, which is read in order."""

    rows: int
    etag: str
    marks: tuple[Mark, ...]


def count(pair: FilePair, target: Target, budget: Budget) -> tuple[Counted, Counted]:
    """The rows of the input and of its output.

    Raises NotCounted, OutOfBytes, OutOfTime, and Throttled or Unreachable.
    """
    try:
        rows_in = _count(target, pair.input, budget, gzip=pair.gzip, before=pair.before, etag=pair.etag)
        return rows_in, _count(target, pair.output, budget)
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
    body = objects.read_in_ranges(target, *place)
    if body is None:
        raise NotCounted("It is no longer there.")
    if (before is not None and body.modified > before) or (etag and body.etag and body.etag != etag):
        raise NotCounted("It was replaced since the job read it, or since it was listed.")
    counter = RowMarks()
    for piece in gunzip(_spend_on(body.pieces, budget)) if gzip else body.pieces:
        # A gzip may unpack to a thousand times its size, which costs time too.
        budget.spend(len(piece))
        counter.add(piece)
    return Counted(counter.rows, body.etag, () if gzip else tuple(counter.marks))


def _spend_on(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.spend(len(piece))
        yield piece
