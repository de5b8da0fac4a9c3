"""Read the rows of one object from any row on, within limits of bytes and time."""

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

#: Bytes read of the rows of a page.
PAGE_BYTES = 384 * 1024
#: Bytes and time of one request to find a row beyond the index.
SCAN_BYTES = 256 * 1024 * 1024
SCAN_SECONDS = 5.0
#: Bytes unpacked of a gzip to find a row.
UNPACKED_BYTES = 64 * 1024 * 1024


class _Limited:
    """Pieces up to `bytes_left` bytes or the deadline; `out` is true if this ended them before the object's end."""

    def __init__(self, pieces: Iterator[bytes], bytes_left: int, seconds: float) -> None:
        self._pieces = pieces
        self.bytes_left = bytes_left
        self.out = False
        self._deadline = time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            # Tested after a piece was read, so that an object that ends exactly here is known to have ended.
            if self.bytes_left <= 0 or time.monotonic() > self._deadline:
                self.out = True
                return
            self.bytes_left -= len(piece)
            yield piece


@dataclass(slots=True)
class RowReader:
    """An iterable of the rows from `first` on, for one pass; afterwards its fields say how the pass ended.

    `ended`: the object's end was reached, and `total` is its number of rows. `too_far`: `first` was not reached, only
    `reached` rows were counted, and the next request gets further if `goes_on`. `trouble`: what is wrong with the
    object, as a sentence. `marks`: the index, with the marks that were added.
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
        """The rows in pieces that begin at the mark."""
        rows_given = 0
        number = mark.rows
        try:
            for row in self.cutter.rows(pieces, mark.rows):
                is_torn = row.is_open and pieces.out
                if not is_torn:
                    number = row.number + 1
                if row.number < self.first:
                    continue
                if is_torn and rows_given:
                    break  # It is the first row of the next page.
                if not rows_given:
                    # The bytes before the first row and those of the page have limits of their own.
                    pieces.bytes_left = min(pieces.bytes_left, 0) + self.page_bytes if not pieces.out else 0
                rows_given += 1
                yield replace(row, length=None) if is_torn else row
        except ValueError:
            if not pieces.out:
                raise
            if not rows_given and number >= self.first:
                self.trouble = f"Record {self.first + 1:,} is longer than what is read of one here."
        self.reached = max(self.reached, number)
        self.ended = not pieces.out
        self.total = number if self.ended else None
        self.too_far = pieces.out and not rows_given and not self.trouble

    def _scan(self) -> bool:
        """Scan for the row and add marks; returns whether the row or the object's end was found."""
        ahead = self.source.pieces(self.marks[-1].at, LONG_PIECE)
        pieces = _Limited(ahead, SCAN_BYTES, SCAN_SECONDS)
        before = len(self.marks)
        scan = self.cutter.scan(pieces, self.marks, self.first)
        self.marks = scan.marks
        self.reached = max(self.reached, scan.rows)
        self.goes_on = len(scan.marks) > before
        return scan.rows > self.first or not pieces.out
