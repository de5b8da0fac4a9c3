"""Cut bytes into records as the service does: lines, or the frames of RecordIO and TFRecord."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from transform import framed
from transform.rowmarks import STEP, Mark, RowMarks

#: Bytes kept of one record; a longer record is cut.
KEPT_BYTES = 64 * 1024
#: A larger frame is not read, since a frame is held whole in memory.
LONGEST_FRAME = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A record; `number` counts from 0. `length` is the whole record's in bytes, None if its end was not read.

    `is_open`: its end was not read; it is whole only if the object ends there.
    """

    number: int
    body: bytes
    length: int | None
    is_open: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether there is more of the record than `body`."""
        return self.length is None or self.length > len(self.body)


@dataclass(frozen=True, slots=True)
class Scan:
    """The marks that a scan found, and the rows counted so far."""

    marks: list[Mark]
    rows: int


class Cutter(Protocol):
    """A way to cut bytes into records. Raises CorruptRecord and PayloadTooLarge, both ValueErrors."""

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """The records; the first has this number. The rest at the end is an open record."""

    def scan(self, pieces: Iterable[bytes], marks: Sequence[Mark], until: int) -> Scan:
        """`marks` and those after them up to the row `until`; `pieces` start at the last mark's byte."""


class Lines:
    """One record for each line, ended by LF; empty lines are skipped."""

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """See Cutter."""
        buffer, length = b"", 0
        for piece in pieces:
            first, *further_lines = piece.split(b"\n")
            length += len(first)
            buffer += first[: KEPT_BYTES - len(buffer)]
            for line in further_lines:
                if row := _row(number, buffer, length):
                    yield row
                    number += 1
                buffer, length = line[:KEPT_BYTES], len(line)
        if row := _row(number, buffer, length):
            yield replace(row, is_open=True)

    def scan(self, pieces: Iterable[bytes], marks: Sequence[Mark], until: int) -> Scan:
        """See Cutter."""
        counter = RowMarks(marks)
        for piece in pieces:
            counter.add(piece)
            if counter.rows > until:
                break
        return Scan(counter.marks, counter.rows)


class Frames:
    """Records that begin with their length."""

    def __init__(self, cut: Callable[[Iterable[bytes], int | None], Iterator[framed.Frame]]) -> None:
        self._cut = cut

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """See Cutter."""
        for frame in self._cut(pieces, LONGEST_FRAME):
            # Empty records are skipped, as empty lines are.
            if frame.payload:
                yield Row(number, frame.payload[:KEPT_BYTES], len(frame.payload))
                number += 1

    def scan(self, pieces: Iterable[bytes], marks: Sequence[Mark], until: int) -> Scan:
        """See Cutter."""
        marks_so_far = list(marks)
        rows, at = marks_so_far[-1]
        try:
            for frame in self._cut(pieces, LONGEST_FRAME):
                rows += bool(frame.payload)
                at += len(frame.framed)
                if at - marks_so_far[-1].at >= STEP:
                    marks_so_far.append(Mark(rows, at))
                if rows > until:
                    break
        except ValueError:
            pass  # Reading those rows raises the error again; the marks before it are right.
        return Scan(marks_so_far, rows)


def cutter_of(split: str) -> Cutter:
    """The cutter for a SplitType."""
    if split == "RecordIO":
        return Frames(framed.recordio)
    if split == "TFRecord":
        return Frames(framed.tfrecord)
    return Lines()


def _row(number: int, line: bytes, length: int) -> Row | None:
    """A line as a row, without its line end; None if it is empty."""
    body = line.rstrip(b"\r") if length == len(line) else line
    if not body.strip(b"\r"):
        return None
    return Row(number, body, length if length > len(line) else len(body))
