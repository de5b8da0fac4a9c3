"""The rows of a results page as a table: its columns and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, log10

from results.reading.cells import Cell, is_number
from results.reading.objects import Side
from results.reading.pages import Page
from results.reading.pairing import Pair, SideRow

#: Columns shown of each side; further input columns share one cell, and the record's panel shows all.
_MOST_GIVEN, _MOST_ANSWER = 6, 4
#: Further input columns of which a row's shared cell has the values.
_MOST_SUMMED = 4
_CELL_LENGTH = 160
#: Characters up to which a number is shown as it is.
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of one side: `name` in JSON, else its `position`."""

    label: str
    position: int = -1
    name: str = ""
    number: bool = False
    unseen: bool = False

    def cell(self, cells: Sequence[Cell]) -> Cell | None:
        """The record's cell in this column."""
        if self.name:
            return next((cell for cell in cells if cell.name == self.name), None)
        return cells[self.position] if self.position < len(cells) else None


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell's text, cut to what fits, and its column's label. `whole` is the text before numbers were shortened."""

    label: str
    text: str
    number: bool
    unseen: bool = False
    whole: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of the table. `more` is a part of the values without a column; `bar` is the prediction, from 0 to 1.

    `failed` is whether it was in the request that failed.
    """

    number: int
    input_cells: tuple[GridCell, ...]
    output_cells: tuple[GridCell, ...]
    more: str = ""
    bar: float | None = None
    lacks: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The table; `hidden` is the number of input columns that share one cell."""

    input_columns: tuple[GridColumn, ...]
    output_columns: tuple[GridColumn, ...]
    lines: tuple[GridRow, ...]
    hidden: int = 0
    has_bars: bool = False

    @property
    def width(self) -> int:
        """The cells of a row."""
        return 1 + len(self.input_columns) + self.hidden_cell + len(self.output_columns) + self.bar_cell

    @property
    def hidden_cell(self) -> int:
        """1 if there is a cell for hidden columns, else 0."""
        return int(self.hidden > 0)

    @property
    def bar_cell(self) -> int:
        """1 if each row has a bar, else 0."""
        return int(self.has_bars)


def grid_of(page: Page) -> Grid:
    """Make the table of a page's pairs."""
    inputs, outputs = [pair.input for pair in page.pairs], [pair.output for pair in page.pairs]
    input_columns = _columns(inputs, page.input)
    unseen = {n for pair in page.pairs[:1] for n in pair.unseen}
    most = _MOST_GIVEN if len(input_columns) > _MOST_GIVEN + 1 else len(input_columns)
    # A row can have a hundred thousand columns: only those that are shown are looked through.
    own_columns = tuple(
        _marked(_numeric(column, inputs, page.input), page, unseen) for column in input_columns[:most]
    )
    summed_columns = input_columns[most : most + _MOST_SUMMED]
    answer = tuple(_numeric(column, outputs, page.output) for column in _answer_columns(page)[:_MOST_ANSWER])
    bars = [_bar(pair, answer) for pair in page.pairs]
    has_bars = bool(bars) and all(bar is not None for bar in bars)
    lines = tuple(
        GridRow(
            pair.number,
            _cells(own_columns, pair.input),
            _cells(answer, pair.output),
            ", ".join(cell.text for cell in _cells(summed_columns, pair.input) if cell.text)[:_CELL_LENGTH],
            bar if has_bars else None,
            _lacks(pair, page),
            page.failed is not None and page.failed.has(pair.number),
        )
        for pair, bar in zip(page.pairs, bars, strict=True)
    )
    return Grid(own_columns, answer, lines, len(input_columns) - most, has_bars)


def _columns(side_rows: Sequence[SideRow | None], side: Side | None) -> tuple[GridColumn, ...]:
    known_rows = [side_row for side_row in side_rows if side_row is not None]
    names = dict.fromkeys(cell.name for side_row in known_rows for cell in side_row.cells if cell.name)
    if names:
        columns = [GridColumn(name, name=name) for name in names]
    else:
        count = max((len(side_row.cells) for side_row in known_rows), default=0)
        headed = side.columns if side else ()
        alone = "prediction" if side and side.name == "output" else "line"
        columns = [GridColumn(label_of(n, count, headed, alone), n) for n in range(count)]
    return tuple(columns)


def label_of(n: int, count: int, headed: Sequence[str], alone: str = "line") -> str:
    """The label of column `n` of `count`: its name in the header, else its position, as filters count it.

    A column that stands `alone` has that label.
    """
    if n < len(headed):
        return headed[n]
    return alone if count == 1 else str(n)


def short_number(text: str) -> str:
    """A decimal number with about as many digits as a reader compares; any other text as it is."""
    if len(text) <= _DIGITS or not is_number(text) or text.strip("+-0123456789 ") == "":
        return text
    number = float(text)
    if not 1e-4 <= abs(number) < 1e12:
        return f"{number:.4g}"
    decimals = max(2, 4 - max(0, floor(log10(abs(number)))))
    return f"{number:.{decimals}f}"


def _numeric(column: GridColumn, side_rows: Sequence[SideRow | None], side: Side | None) -> GridColumn:
    """The column, marked as one of numbers if most of its cells are."""
    return replace(column, number=_is_numeric(column, side_rows, side))


def _is_numeric(column: GridColumn, side_rows: Sequence[SideRow | None], side: Side | None) -> bool:
    column_cells = [column.cell(side_row.cells) for side_row in side_rows if side_row is not None]
    texts = [cell.text for cell in column_cells if cell is not None and cell.text]
    # The header row itself holds names.
    texts = texts[1:] if side and side.is_headed and len(texts) > 1 else texts
    return sum(map(is_number, texts)) * 2 > len(texts)


def _answer_columns(page: Page) -> tuple[GridColumn, ...]:
    """The output's columns; of a joined output only the model's, if they are known, as the input is shown beside."""
    columns = _columns([pair.output for pair in page.pairs], page.output)
    marked_rows = [(pair.predicted, pair.output) for pair in page.pairs if pair.output]
    if not marked_rows or any(predicted is None for predicted, _ in marked_rows):
        return columns
    positions = {n for predicted, _ in marked_rows for n in predicted or ()}
    names = {
        side_row.cells[n].name
        for predicted, side_row in marked_rows
        for n in predicted or ()
        if n < len(side_row.cells)
    }
    model_columns = tuple(
        column
        for column in columns
        if (column.name in names if column.name else column.position in positions)
    )
    column_names = page.output.columns if page.output else ()
    if len(model_columns) == 1 < len(columns) and not model_columns[0].name and not column_names:
        return (replace(model_columns[0], label="prediction"),)
    return model_columns or columns


def _marked(column: GridColumn, page: Page, unseen: set[int]) -> GridColumn:
    position = column.position
    if column.name and page.pairs and page.pairs[0].input:
        names = [cell.name for cell in page.pairs[0].input.cells]
        position = names.index(column.name) if column.name in names else -1
    return replace(column, unseen=position in unseen)


def _cells(columns: Sequence[GridColumn], side_row: SideRow | None) -> tuple[GridCell, ...]:
    pairs = [(column, column.cell(side_row.cells) if side_row else None) for column in columns]
    return tuple(
        GridCell(column.label, short_number(text), column.number, column.unseen, text)
        for column, cell in pairs
        for text in [cell.text[:_CELL_LENGTH] if cell else ""]
    )


def _bar(pair: Pair, answer: Sequence[GridColumn]) -> float | None:
    """The row's prediction, if it is a single number from 0 to 1."""
    cell = answer[0].cell(pair.output.cells) if pair.output and len(answer) == 1 else None
    value = cell.number if cell else None
    return value if value is not None and 0 <= value <= 1 else None


def _lacks(pair: Pair, page: Page) -> str:
    """The side that the row lacks although its object exists: input, output or an empty text."""
    if pair.input is None:
        return "input"
    shows = page.alignment.has_rows and page.output is not None and page.output.state == "ok"
    return "output" if pair.output is None and shows else ""
