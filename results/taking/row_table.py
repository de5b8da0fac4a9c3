"""The rows of all files of a job, with their input, as a table of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice

from jobs import queries
from jobs.lifecycle.aws_session import asking
from jobs.models import TransformJob
from results.reading.filters import RowFilter, parse_filter
from results.reading.pairing import Pair, SideRow
from results.reading.passes import all_pairs

#: Rows by which the columns are known; values that have none stand in the last column.
_LOOKED_AT = 200
#: Columns of a table: each row has a cell for each, and hostile answers could name others in every row.
MOST_COLUMNS = 2_000
FILE, ROW, MORE = "file", "row", "more"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a file: its values by the table's columns, None where it has none, and further values as JSON."""

    file: str
    number: int
    texts: list[str | None]
    more: str | None


class RowTable:
    """The rows that match a filter, in the order of their files. Its columns are known once `rows` was entered.

    `rows` reads everything anew.
    """

    def __init__(self, job: TransformJob, row_filter: RowFilter | None) -> None:
        self._job, self._filter = job, row_filter
        self._value_names: list[str] | None = None

    @property
    def value_names(self) -> list[str]:
        """The names of the columns of values, each once, as `input.age`."""
        return self._value_names or []

    @contextmanager
    def rows(self) -> Iterator[Iterator[TableRow]]:
        """The rows, each with a text for each name. Raises a GatewayError while they are read."""
        with asking(self._job.connection) as target:
            matching = (
                (file.name, pair)
                for file, pair in all_pairs(self._job, target)
                if not pair.is_header and (self._filter is None or self._filter.holds(pair))
            )
            first = list(islice(matching, _LOOKED_AT))
            if self._value_names is None:
                known_names = dict.fromkeys(name for _, pair in first for name in _values(pair))
                self._value_names = list(islice(known_names, MOST_COLUMNS))
            names = dict.fromkeys(self._value_names)
            yield (_row(file, pair, names) for file, pair in chain(first, matching))


def chosen_rows(job: TransformJob, text: str = "") -> RowTable:
    """The rows of all files of the job that match a filter. Raises BadFilter."""
    return RowTable(queries.merged(job).planned_by, parse_filter(text))


def _values(pair: Pair) -> dict[str, str]:
    """The pair's values by side and column; of a joined output only what the model wrote."""
    values = _side_values("input", pair.input, None)
    return values | _side_values("output", pair.output, pair.predicted if pair.input else None)


def _side_values(side: str, side_row: SideRow | None, positions: Iterable[int] | None) -> dict[str, str]:
    if side_row is None:
        return {}
    cells, columns = side_row.cells, side_row.side.columns
    names = _distinct(
        tuple(
            cell.name or (columns[position] if position < len(columns) else str(position))
            for position, cell in enumerate(cells)
        )
    )
    chosen = range(len(cells)) if positions is None else sorted(positions)
    return {f"{side}.{names[position]}": cells[position].text for position in chosen if position < len(cells)}


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, where a further column of one name has its number behind it: `a`, `a (2)`."""
    if len(set(names)) == len(names):
        return names
    distinct_names: dict[str, None] = {}
    for name in names:
        number, free_name = 1, name
        while free_name in distinct_names:
            number += 1
            free_name = f"{name} ({number})"
        distinct_names[free_name] = None
    return tuple(distinct_names)


def _row(file: str, pair: Pair, names: dict[str, None]) -> TableRow:
    values = _values(pair)
    more = {name: text for name, text in values.items() if name not in names}
    texts = [values.get(name) for name in names]
    return TableRow(file, pair.number, texts, json.dumps(more, ensure_ascii=False) if more else None)
