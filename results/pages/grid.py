"""The rows of a results page as a table: which columns fit, and what stands in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from results.reading.cells import Cell, is_number
from results.reading.objects import Side
from results.reading.pages import Page
from results.reading.pairing import Half, Pair

#: Columns of their own; further ones share one cell, and the record's panel has all.
_MOST_GIVEN, _MOST_ANSWER = 6, 4
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of one side: `name` in JSON, else its `position`."""

    label: str
    position: int = -1
    name: str = ""
    number: bool = False
    unseen: bool = False

    def cell(self, cells: Sequence[Cell]) -> Cell | None:
        """The cell that a record has in it."""
        if self.name:
            return next((cell for cell in cells if cell.name == self.name), None)
        return cells[self.position] if self.position < len(cells) else None


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell's text, cut to what fits, under its column's label."""

    label: str
    text: str
    number: bool
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of the table. `more` is the beginning of what has no column; `bar` the prediction, from 0 to 1."""

    number: int
    given: tuple[GridCell, ...]
    answer: tuple[GridCell, ...]
    more: str = ""
    bar: float | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """The table; `hidden` is how many of the input's columns have none of their own."""

    given: tuple[GridColumn, ...]
    answer: tuple[GridColumn, ...]
    lines: tuple[GridRow, ...]
    hidden: int = 0
    has_bars: bool = False

    @property
    def hidden_cell(self) -> int:
        """Cells that the hidden columns share: one, or none if there are none."""
        return int(self.hidden > 0)

    @property
    def bar_cell(self) -> int:
        """Cells for bars in a row."""
        return int(self.has_bars)


def grid_of(page: Page) -> Grid:
    """The table of a page's pairs."""
    given = _columns([pair.given for pair in page.pairs], page.given)
    answer = _answer_columns(page)
    unseen = {n for pair in page.pairs[:1] for n in pair.unseen}
    given = tuple(_marked(column, page, unseen) for column in given)
    most = _MOST_GIVEN if len(given) > _MOST_GIVEN + 1 else len(given)
    shown, rest = given[:most], given[most:]
    answer = answer[:_MOST_ANSWER]
    bars = [_bar(pair, answer) for pair in page.pairs]
    has_bars = bool(bars) and all(bar is not None for bar in bars)
    lines = tuple(
        GridRow(
            pair.number,
            _cells(shown, pair.given),
            _cells(answer, pair.answer),
            ", ".join(cell.text for cell in _cells(rest, pair.given)[:4] if cell.text)[:_SHOWN],
            bar if has_bars else None,
            _lacks(pair, page),
        )
        for pair, bar in zip(page.pairs, bars, strict=True)
    )
    return Grid(shown, answer, lines, len(rest), has_bars)


def _columns(halves: Sequence[Half | None], side: Side | None) -> tuple[GridColumn, ...]:
    there = [half for half in halves if half is not None]
    names = dict.fromkeys(cell.name for half in there for cell in half.cells if cell.name)
    if names:
        found = [GridColumn(name, name=name) for name in names]
    else:
        count = max((len(half.cells) for half in there), default=0)
        headed = side.columns if side else ()
        found = [GridColumn(label_of(n, count, headed), n) for n in range(count)]
    return tuple(replace(column, number=_is_numeric(column, there, side)) for column in found)


def label_of(n: int, count: int, headed: Sequence[str]) -> str:
    """What a column without a name of its own is called: as its header has it, else as a filter counts it."""
    if n < len(headed):
        return headed[n]
    return "line" if count == 1 else str(n)


def _is_numeric(column: GridColumn, halves: Sequence[Half], side: Side | None) -> bool:
    found = [column.cell(half.cells) for half in halves]
    texts = [cell.text for cell in found if cell is not None and cell.text]
    # The header row itself holds names.
    texts = texts[1:] if side and side.columns and len(texts) > 1 else texts
    return sum(map(is_number, texts)) * 2 > len(texts)


def _answer_columns(page: Page) -> tuple[GridColumn, ...]:
    """The output's columns; of a joined one only the model's, where they are known: the input stands beside."""
    found = _columns([pair.answer for pair in page.pairs], page.answer)
    known = [(pair.predicted, pair.answer) for pair in page.pairs if pair.answer]
    if not known or any(predicted is None for predicted, _ in known):
        return found
    positions = {n for predicted, _ in known for n in predicted or ()}
    names = {half.cells[n].name for predicted, half in known for n in predicted or () if n < len(half.cells)}
    own = tuple(c for c in found if (c.name in names if c.name else c.position in positions))
    if len(own) == 1 < len(found) and not own[0].name:
        return (replace(own[0], label="prediction"),)
    return own or found


def _marked(column: GridColumn, page: Page, unseen: set[int]) -> GridColumn:
    position = column.position
    if column.name and page.pairs and page.pairs[0].given:
        names = [cell.name for cell in page.pairs[0].given.cells]
        position = names.index(column.name) if column.name in names else -1
    return replace(column, unseen=position in unseen)


def _cells(columns: Sequence[GridColumn], half: Half | None) -> tuple[GridCell, ...]:
    found = [(column, column.cell(half.cells) if half else None) for column in columns]
    return tuple(
        GridCell(column.label, cell.text[:_SHOWN] if cell else "", column.number, column.unseen)
        for column, cell in found
    )


def _bar(pair: Pair, answer: Sequence[GridColumn]) -> float | None:
    """The row's one prediction where it is a share, as a probability is."""
    cell = answer[0].cell(pair.answer.cells) if pair.answer and len(answer) == 1 else None
    value = cell.number if cell else None
    return value if value is not None and 0 <= value <= 1 else None


def _lacks(pair: Pair, page: Page) -> str:
    """What the row says in place of a half that is not there, though its object is."""
    if pair.given is None:
        return "input"
    shows = page.alignment.has_rows and page.answer is not None and page.answer.state == "ok"
    return "output" if pair.answer is None and shows else ""
