"""A Parquet file written row by row. Importing this imports pyarrow, which takes a second and 60 MB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.services.errors import Unavailable
from results.taking.column_kinds import ColumnKind, is_decimal, is_whole
from results.taking.pipe import Pipe
from results.taking.row_table import FILE, MORE, ROW, TableRow

#: Cells that are collected before they are Arrow's, and the most rows of them.
_BATCH_CELLS, _BATCH_ROWS = 100_000, 4096
#: Bytes of a group of rows; each so many chunks of columns make it larger by as much, since the footer lists them all.
_GROUP_BYTES, _CHUNKS_OF_A_SIZE = 16 * 1024 * 1024, 50_000
#: Characters of a row that count as a cell, so that a batch of long texts is a small one.
_CELL_CHARACTERS = 100

_TEXT = pa.string()
_ARROW_TYPES = {
    ColumnKind.EMPTY: _TEXT,
    ColumnKind.TEXT: _TEXT,
    ColumnKind.WHOLE: pa.int64(),
    ColumnKind.DECIMAL: pa.float64(),
}


class ParquetWriter:
    """Writes rows into a pipe as groups of bounded size; the footer at the end of the `with` block."""

    def __init__(self, pipe: Pipe, fillers: bytes, names: Sequence[str], kinds: Sequence[ColumnKind]) -> None:
        self._kinds = kinds or [ColumnKind.EMPTY] * len(names)
        fields = [(name, _ARROW_TYPES[kind]) for name, kind in zip(names, self._kinds, strict=True)]
        self._schema = pa.schema([(FILE, _TEXT), (ROW, pa.int64()), *fields, (MORE, _TEXT)])
        file = pa.PythonFile(pipe, mode="w")
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")
        # Behind the magic, through the same file: its count of bytes tells the footer where each column is.
        file.write(fillers)
        self._rows: list[TableRow] = []
        self._cells = 0
        self._batches: list[pa.RecordBatch] = []
        self._bytes = self._chunks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._take_rows()
            self._write_group()
            self._writer.close()

    def add(self, row: TableRow) -> None:
        """Add a row. Raises Unavailable for a value that is not of its column's kind."""
        self._rows.append(row)
        length = sum(len(text) for text in row.texts if text) + len(row.more or "")
        self._cells += len(row.texts) + length // _CELL_CHARACTERS + 1
        if self._cells >= _BATCH_CELLS or len(self._rows) >= _BATCH_ROWS:
            self._take_rows()
            if self._bytes >= _GROUP_BYTES * (1 + self._chunks // _CHUNKS_OF_A_SIZE):
                self._write_group()

    def _take_rows(self) -> None:
        if not self._rows:
            return
        columns = zip(*(row.texts for row in self._rows), strict=True)
        values = [
            [row.file for row in self._rows],
            [row.number for row in self._rows],
            *(_values(kind, texts) for kind, texts in zip(self._kinds, columns, strict=True)),
            [row.more for row in self._rows],
        ]
        batch = pa.record_batch(
            [pa.array(column, field.type) for column, field in zip(values, self._schema, strict=True)],
            schema=self._schema,
        )
        self._batches.append(batch)
        self._bytes += batch.nbytes
        self._rows, self._cells = [], 0

    def _write_group(self) -> None:
        if not self._batches:
            return
        table = pa.Table.from_batches(self._batches)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._chunks += len(self._schema)
        self._batches, self._bytes = [], 0


def _values(kind: ColumnKind, texts: Sequence[str | None]) -> list[Any]:
    if kind is ColumnKind.WHOLE:
        return [_number(int, is_whole, text) for text in texts]
    if kind is ColumnKind.DECIMAL:
        return [_number(float, is_decimal, text) for text in texts]
    return list(texts)


def _number(convert: Callable[[str], Any], fits: Callable[[str], bool], text: str | None) -> Any:
    if not text:
        return None
    # An output that was written since the kinds were found.
    if not fits(text):
        raise Unavailable("An output was changed while the rows were read.")
    return convert(text)
