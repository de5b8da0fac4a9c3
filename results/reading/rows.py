"""The rows of one object from any row on, within what may be read for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jobs.services.texts import filesize
from results.reading.cutting import Cutter, Row
from results.reading.source import LONG_PIECE, PIECE, Source
from transform.decompression import NotGzip, gunzip
from transform.records import PayloadTooLarge
from transform.rowmarks import START, STEP, Mark, nearest

#: Read of rows that are shown.
PAGE_BYTES = 384 * 1024
#: Read in one request to come to a row that no index covers.
SCAN_BYTES = 256 * 1024 * 1024
SCAN_SECONDS = 5.0
#: Unpacked of a gzip to come to a row.
UNPACKED_BYTES = 64 * 1024 * 1024


class _Limited:
    """Pieces until `left` bytes have come, or the time is over; `out` says that this, not the end, ended them."""

    def __init__(self, pieces: Iterator[bytes], left: int, seconds: float) -> None:
        self._pieces = pieces
        self.left = left
        self.out = False
        self._deadline = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            # Looked at once there is more, so that what ends right here is known to have ended.
            if self.left <= 0 or time.monotonic() > self._deadline:
                self.out = True
                return
            self.left -= len(piece)
            yield piece


@dataclass(slots=True)
class RowReader:
    """The rows from `first` on, to be gone through once; afterwards the rest tells how that ended.

    `ended`: the object's end was reached, and `total` is how many rows it has. `too_far`: `first` was not reached;
    rows up to `reached` are known of, and asking again gets further if `goes_on`. `trouble`: what is wrong with the
    object, as a sentence. `marks`: the index, with what was learned.
    """

    source: Source
    cutter: Cutter
    first: int
    is_gzip: bool = False
    marks: Sequence[Mark] = (START,)
    page_bytes: int = PAGE_BYTES
    ended: bool = False
    total: int | None = None
    too_far: bool = False
    goes_on: bool = False
    reached: int = 0
    trouble: str = ""

    def __iter__(self) -> Iterator[Row]:
        try:
            if self.is_gzip:
                pieces = gunzip(self.source.pieces())
                yield from self._from(START, _Limited(pieces, UNPACKED_BYTES, SCAN_SECONDS))
            else:
                yield from self._by_index()
        except NotGzip as error:
            self.trouble = f"The object is said to be Gzip, but it is {error}."
        except PayloadTooLarge as error:
            self.trouble = f"A record has more than the {filesize(error.limit)} that are read of one here."
        except ValueError as error:
            self.trouble = f"{error}."

    def _by_index(self) -> Iterator[Row]:
        mark = nearest(self.marks, self.first)
        yield from self._from(mark, self._near(mark))
        if self.too_far and self._scan():
            self.too_far = False
            mark = nearest(self.marks, self.first)
            yield from self._from(mark, self._near(mark))

    def _near(self, mark: Mark) -> _Limited:
        return _Limited(self.source.pieces(mark.at), STEP + PIECE, SCAN_SECONDS)

    def _from(self, mark: Mark, pieces: _Limited) -> Iterator[Row]:
        """The rows out of pieces that begin at the mark."""
        shown = 0
        number = mark.rows
        try:
            for row in self.cutter.rows(pieces, mark.rows):
                is_torn = row.is_open and pieces.out
                if not is_torn:
                    number = row.number + 1
                if row.number < self.first:
                    continue
                if is_torn and shown:
                    break  # It begins the next page.
                if not shown:
                    # What comes to the row is one thing, what is shown from there on another.
                    pieces.left = min(pieces.left, 0) + self.page_bytes if not pieces.out else 0
                shown += 1
                yield replace(row, length=None) if is_torn else row
        except ValueError:
            if not pieces.out:
                raise
            if not shown and number >= self.first:
                self.trouble = f"Record {self.first + 1:,} is longer than what is read of one here."
        self.reached = max(self.reached, number)
        self.ended = not pieces.out
        self.total = number if self.ended else None
        self.too_far = pieces.out and not shown and not self.trouble

    def _scan(self) -> bool:
        """Look for where the row begins, keeping the marks; whether it was found, or the end."""
        ahead = self.source.pieces(self.marks[-1].at, LONG_PIECE)
        pieces = _Limited(ahead, SCAN_BYTES, SCAN_SECONDS)
        before = len(self.marks)
        found = self.cutter.scan(pieces, self.marks, self.first)
        self.marks = found.marks
        self.reached = max(self.reached, found.rows)
        self.goes_on = len(found.marks) > before
        return found.rows > self.first or not pieces.out
