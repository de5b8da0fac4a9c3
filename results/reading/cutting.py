"""Bytes into records, as the service cuts them: lines, or the frames of RecordIO and TFRecord."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from transform import framed
from transform.rowmarks import STEP, Mark, RowMarks

#: Bytes kept of one record; of a longer one the beginning is shown.
KEPT = 64 * 1024
#: A frame of more than this is not read: it is held whole in memory.
LONGEST_FRAME = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A record; `number` counts from 0. `length` is that of the whole, None where its end was not seen.

    `is_open`: nothing ended it yet; it is whole only if the object ends there.
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
    """What a look ahead found: marks, and how many rows there are if it came to the end."""

    marks: list[Mark]
    rows: int


class Cutter(Protocol):
    """One way to cut. Raises CorruptRecord and PayloadTooLarge, both ValueErrors."""

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """The records; the first has this number. What is left at the end is open."""

    def scan(self, pieces: Iterable[bytes], marks: Sequence[Mark], until: int) -> Scan:
        """Marks beyond the last of `marks`, at whose byte the pieces begin, as far as the row `until`."""


class Lines:
    """A record a line, ended by LF; a line that holds nothing is none."""

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """See Cutter."""
        held, length = b"", 0
        for piece in pieces:
            first, *others = piece.split(b"\n")
            length += len(first)
            held += first[: KEPT - len(held)]
            for line in others:
                if row := _row(number, held, length):
                    yield row
                    number += 1
                held, length = line[:KEPT], len(line)
        if row := _row(number, held, length):
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
    """Records with headers that tell their length."""

    def __init__(self, cut: Callable[[Iterable[bytes], int | None], Iterator[framed.Frame]]) -> None:
        self._cut = cut

    def rows(self, pieces: Iterable[bytes], number: int) -> Iterator[Row]:
        """See Cutter."""
        for frame in self._cut(pieces, LONGEST_FRAME):
            # A record that holds nothing is no request, as a line that holds nothing is none.
            if frame.payload:
                yield Row(number, frame.payload[:KEPT], len(frame.payload))
                number += 1

    def scan(self, pieces: Iterable[bytes], marks: Sequence[Mark], until: int) -> Scan:
        """See Cutter."""
        found = list(marks)
        rows, at = found[-1]
        try:
            for frame in self._cut(pieces, LONGEST_FRAME):
                rows += bool(frame.payload)
                at += len(frame.framed)
                if at - found[-1].at >= STEP:
                    found.append(Mark(rows, at))
                if rows > until:
                    break
        except ValueError:
            pass  # Whoever reads there says what is wrong; the marks before it hold.
        return Scan(found, rows)


def cutter_of(split: str) -> Cutter:
    """How records are cut of what the service was told to split so."""
    if split == "RecordIO":
        return Frames(framed.recordio)
    if split == "TFRecord":
        return Frames(framed.tfrecord)
    return Lines()


def _row(number: int, held: bytes, length: int) -> Row | None:
    """A line as a row, without what ends it; None if it holds nothing."""
    body = held.rstrip(b"\r") if length == len(held) else held
    if not body.strip(b"\r"):
        return None
    return Row(number, body, length if length > len(held) else len(body))
