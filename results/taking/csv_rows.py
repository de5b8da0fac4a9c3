"""Rows as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.models import TransformJob
from results.taking.row_table import FILE, MORE, ROW, RowTable, chosen_rows
from teams.csv_lines import csv_lines


def row_lines(job: TransformJob, text: str = "") -> Iterator[str]:
    """The rows of all files that match a filter as lines of CSV: file, row, input columns, output columns.

    Raises BadFilter at once, and a GatewayError while it is read.
    """
    return _lines(chosen_rows(job, text))


def _lines(table: RowTable) -> Iterator[str]:
    with table.rows() as rows:
        cells = ([row.file, row.number, *row.texts, row.more] for row in rows)
        yield from csv_lines([FILE, ROW, *table.value_names, MORE], cells)
