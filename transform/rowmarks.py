"""A sparse index of a text's rows: the place of a row every so many bytes, so that a far row takes a short read."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from transform.rows import RowCounter

#: Bytes between two marks, and so the most that is read in vain to come to a row.
STEP = 256 * 1024
#: Marks kept of one object: 16 GiB of it, in one MiB.
MOST = 65_536
_PAIR = struct.Struct("<QQ")


class Mark(NamedTuple):
    """`rows` rows end before the byte `at`, and a line begins there."""

    rows: int
    at: int


START = Mark(0, 0)


class RowMarks:
    """Counts the rows of a text that comes in pieces, as RowCounter does, and marks where lines begin.

    Continues after the last of `marks`: the first piece begins at its byte.
    """

    def __init__(self, marks: Sequence[Mark] = (START,)) -> None:
        self.marks = list(marks)
        self._before, self._at = self.marks[-1]
        self._due = self._at + STEP
        self._counter = RowCounter()

    @property
    def rows(self) -> int:
        """The rows so far, including a last one without a line feed."""
        return self._before + self._counter.rows

    def add(self, piece: bytes) -> None:
        """Count the rows of the next piece."""
        start = 0
        while self._at + len(piece) - start > self._due and len(self.marks) < MOST:
            end = piece.find(b"\n", start + max(0, self._due - self._at)) + 1
            if not end:
                break
            self._count(piece[start:end])
            self.marks.append(Mark(self.rows, self._at))
            self._due = self._at + STEP
            start = end
        self._count(piece[start:])

    def _count(self, some: bytes) -> None:
        self._counter.add(some)
        self._at += len(some)


def nearest(marks: Sequence[Mark], row: int) -> Mark:
    """The last mark at or before the row, counted from 0."""
    return marks[bisect_right(marks, row, key=lambda mark: mark.rows) - 1]


def pack(marks: Sequence[Mark]) -> bytes:
    """The marks as bytes, 16 each."""
    return b"".join(_PAIR.pack(*mark) for mark in marks)


def unpack(packed: bytes) -> list[Mark]:
    """The marks from `pack`; at least START."""
    return [Mark(*pair) for pair in _PAIR.iter_unpack(packed)] or [START]
