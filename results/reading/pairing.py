"""Records put beside rows, and those picked that a filter asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from results.reading.cells import Cell, cells_of, readable
from results.reading.cutting import Row
from results.reading.filters import Filter
from results.reading.objects import Side
from results.reading.predictions import predicted, unseen
from results.reading.rows import RowReader

#: Read of each object in one request to look for rows, and how long that may take.
LOOK_BYTES = 8 * 1024 * 1024
LOOK_SECONDS = 4.0


@dataclass(frozen=True)
class Half:
    """One record of a pair, as text and in cells."""

    row: Row
    side: Side

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Its values."""
        return cells_of(self.row.body, self.side.form)

    @cached_property
    def text(self) -> str:
        """The record as it stands in the object."""
        return readable(self.row.body, self.side.form)

    def named(self, name: str) -> Cell | None:
        """The cell in the column of this name."""
        if name in self.side.columns:
            at = self.side.columns.index(name)
            return self.cells[at] if at < len(self.cells) else None
        return next((cell for cell in self.cells if cell.name == name), None)


@dataclass(frozen=True)
class Pair:
    """Record and row of one `number`, counted from 1; None where that object has no such row."""

    number: int
    given: Half | None
    answer: Half | None
    spec: Mapping[str, Any]

    @cached_property
    def predicted(self) -> frozenset[int] | None:
        """Positions of the output's cells that the model wrote; None where that is not known."""
        if self.answer is None:
            return None
        return predicted(self.spec, self.given.cells if self.given else (), self.answer.cells)

    @cached_property
    def unseen(self) -> frozenset[int]:
        """Positions of the input's cells that the model never saw."""
        return unseen(self.spec, self.given.cells) if self.given else frozenset()

    @property
    def prediction(self) -> Cell | None:
        """The first cell that the model wrote; the last of the line where it is not known which it wrote."""
        if self.answer is None or not self.answer.cells:
            return None
        return self.answer.cells[min(self.predicted) if self.predicted else -1]

    @property
    def out_of_step(self) -> bool:
        """Whether a joined line shows that it does not hold this record."""
        whole = self.spec.get("join_source") == "Input" and self.spec.get("output_filter") in (None, "$")
        if not whole or not self.given or not self.answer or self.answer.side.form != "csv":
            return False
        return self.answer.cells[: len(self.given.cells)] != self.given.cells

    def fits(self, wanted: Filter) -> bool:
        """Whether it is what the filter asks for."""
        halves = [half for half in (self.answer, self.given) if half]
        if not wanted.compares:
            return any(_holds(half, wanted.text) for half in halves)
        if not wanted.name:
            cell = self.prediction
        else:
            cell = next((found for half in halves if (found := half.named(wanted.name))), None)
        return wanted.holds(cell.number if cell else None)


def pairs(
    spec: Mapping[str, Any],
    first: int,
    given: tuple[Side, RowReader | None],
    answer: tuple[Side, RowReader | None],
) -> Iterator[Pair]:
    """Record n with row n, from `first` (counted from 0) on, until both end or one may be read no further."""
    left, right = iter(given[1] or ()), iter(answer[1] or ())
    number = first
    while True:
        one, other = next(left, None), next(right, None)
        if one is None and other is None:
            return
        # What ends for want of bytes has more rows: the other's would stand alone for no reason.
        if (one is None and _goes_on(given[1])) or (other is None and _goes_on(answer[1])):
            return
        number += 1
        halves = Half(one, given[0]) if one else None, Half(other, answer[0]) if other else None
        yield Pair(number, *halves, spec)


@dataclass(slots=True)
class MatchingPairs:
    """The pairs to show; `looked` is the number of the last one looked at, `more` whether others follow it."""

    pairs: list[Pair]
    looked: int
    more: bool


def some(found: Iterator[Pair], first: int, limit: int, wanted: Filter | None) -> MatchingPairs:
    """Up to `limit` pairs, of those that the filter asks for."""
    deadline = time.monotonic() + LOOK_SECONDS
    taken = MatchingPairs([], first, more=False)
    for pair in found:
        if len(taken.pairs) == limit or time.monotonic() > deadline:
            taken.more = True
            break
        taken.looked = pair.number
        if wanted is None or pair.fits(wanted):
            taken.pairs.append(pair)
    return taken


def _holds(half: Half, text: str) -> bool:
    """Whether the record has the text in it, which has no capitals."""
    # Nearly all rows are looked at in vain, so each is looked at as cheaply as can be.
    return text.encode() in half.row.body.lower() if text.isascii() else text in half.text.casefold()


def _goes_on(rows: RowReader | None) -> bool:
    return rows is not None and not rows.ended
