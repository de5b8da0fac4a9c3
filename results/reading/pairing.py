"""Pair input records with output rows, and filter the pairs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from results.reading.cells import Cell, cells_of, readable
from results.reading.cutting import Row
from results.reading.filters import RowFilter
from results.reading.objects import Side
from results.reading.predictions import predicted, unseen
from results.reading.rows import RowReader

#: Bytes read of each object by one request with a filter, and the time for it.
LOOK_BYTES = 8 * 1024 * 1024
LOOK_SECONDS = 4.0


@dataclass(frozen=True)
class SideRow:
    """The row on one side of a pair, the input's record or the output's row, as text and in cells."""

    row: Row
    side: Side

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The values."""
        return cells_of(self.row.body, self.side.form)

    @cached_property
    def text(self) -> str:
        """The whole record as text."""
        return readable(self.row.body, self.side.form)

    def named(self, name: str) -> Cell | None:
        """The cell of the column `name`; None if there is no such column."""
        if name in self.side.columns:
            at = self.side.columns.index(name)
            return self.cells[at] if at < len(self.cells) else None
        return next((cell for cell in self.cells if cell.name == name), None)

    def at(self, position: str) -> Cell | None:
        """The cell at a position, counted from 0; None if the text is none of the record's positions."""
        if not (position.isascii() and position.isdigit() and len(position) < 9):
            return None
        return self.cells[int(position)] if int(position) < len(self.cells) else None


@dataclass(frozen=True)
class Pair:
    """The input record and output row with one `number`, counted from 1; None where an object has no such row."""

    number: int
    input: SideRow | None
    output: SideRow | None
    spec: Mapping[str, Any]

    @cached_property
    def predicted(self) -> frozenset[int] | None:
        """Positions of the output's cells that the model wrote; None if that is not known."""
        if self.output is None:
            return None
        return predicted(self.spec, self.input.cells if self.input else (), self.output.cells)

    @cached_property
    def unseen(self) -> frozenset[int]:
        """Positions of the input's cells that the model never saw."""
        return unseen(self.spec, self.input.cells) if self.input else frozenset()

    @property
    def prediction(self) -> Cell | None:
        """The first cell that the model wrote, or the last of the row if it is not known which cells it wrote."""
        if self.output is None or not self.output.cells:
            return None
        return self.output.cells[min(self.predicted) if self.predicted else -1]

    @property
    def is_header(self) -> bool:
        """Whether it is the first row of a file with names."""
        return self.number == 1 and any(row.side.is_headed for row in (self.input, self.output) if row)

    @property
    def out_of_step(self) -> bool:
        """Whether a joined line holds another record than this one."""
        is_joined = self.spec.get("join_source") == "Input" and self.spec.get("output_filter") in (
            None,
            "$",
        )
        if not is_joined or not self.input or not self.output or self.output.side.form != "csv":
            return False
        return self.output.cells[: len(self.input.cells)] != self.input.cells

    def cell(self, name: str) -> Cell | None:
        """The cell of a column, by its name or position; the output's before the input's. See FilteredRow.

        `input.` and `output.` before the name choose the side; a position without them is the input's.
        """
        if not name:
            return self.prediction
        side_rows = [side_row for side_row in (self.output, self.input) if side_row]
        cell = next((named_cell for side_row in side_rows if (named_cell := side_row.named(name))), None)
        if cell is not None:
            return cell
        side, _, column = name.partition(".")
        if column and side in ("input", "output"):
            side_row = self.input if side == "input" else self.output
            return (side_row.named(column) or side_row.at(column)) if side_row else None
        if name == "prediction":
            return self.prediction
        return self.input.at(name) if self.input else None

    def contains(self, text: str) -> bool:
        """Whether the text is in one of its rows. See FilteredRow."""
        return any(_holds(side_row, text) for side_row in (self.output, self.input) if side_row)


def pairs(
    spec: Mapping[str, Any],
    first: int,
    inputs: tuple[Side, RowReader | None],
    outputs: tuple[Side, RowReader | None],
) -> Iterator[Pair]:
    """Record n with row n from `first` (counted from 0) on, until both objects end or one reaches its read limit."""
    input_rows, output_rows = iter(inputs[1] or ()), iter(outputs[1] or ())
    number = first
    while True:
        input_row, output_row = next(input_rows, None), next(output_rows, None)
        if input_row is None and output_row is None:
            return
        # An object at its read limit has more rows: the other one's next row does not stand alone.
        if (input_row is None and _goes_on(inputs[1])) or (output_row is None and _goes_on(outputs[1])):
            return
        number += 1
        side_rows = (
            SideRow(input_row, inputs[0]) if input_row else None,
            SideRow(output_row, outputs[0]) if output_row else None,
        )
        yield Pair(number, *side_rows, spec)


@dataclass(slots=True)
class MatchingPairs:
    """The pairs to show; `looked` is the number of the last pair read, `more` whether further pairs follow."""

    pairs: list[Pair]
    looked: int
    more: bool


def some(
    all_pairs: Iterator[Pair], first: int, limit: int, row_filter: RowFilter | None, deadline: float = 0.0
) -> MatchingPairs:
    """Up to `limit` pairs that match the filter, until the deadline; by default LOOK_SECONDS from now."""
    deadline = deadline or time.monotonic() + LOOK_SECONDS
    matching = MatchingPairs([], first, more=False)
    for pair in all_pairs:
        if len(matching.pairs) == limit or time.monotonic() > deadline:
            matching.more = True
            break
        matching.looked = pair.number
        if row_filter is None or row_filter.holds(pair):
            matching.pairs.append(pair)
    return matching


def _holds(side_row: SideRow, text: str) -> bool:
    """Whether the record contains the text, which is in lower case."""
    # Most rows do not match, so the test of one is kept cheap.
    return text.encode() in side_row.row.body.lower() if text.isascii() else text in side_row.text.casefold()


def _goes_on(rows: RowReader | None) -> bool:
    return rows is not None and not rows.ended
