"""Rows as Parquet: the first reading of them finds which columns are numbers, the second one writes them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from jobs.models import TransformJob
from results.taking.column_kinds import KindFinder
from results.taking.pipe import Pipe
from results.taking.row_table import RowTable, chosen_rows

#: The first bytes of a Parquet file.
_MAGIC = b"PAR1"
#: Readers find everything by the footer at the file's end, and pass over bytes between the magic and the first rows.
#: One is sent in each of these seconds of the first reading: proxies break off a download that sends nothing.
_SECONDS, _FILLER = 5.0, b"\0"


def parquet_pieces(job: TransformJob, text: str = "") -> Iterator[bytes]:
    """The rows that `row_lines` has as a Parquet file, in pieces, in memory that does not grow with them.

    A column whose values are all numbers is one of numbers, any other of texts.
    Raises BadFilter at once, and a GatewayError while it is read.
    """
    return _pieces(chosen_rows(job, text))


def _pieces(table: RowTable) -> Iterator[bytes]:
    # Here, since it imports pyarrow: no process but one that writes Parquet shall.
    from results.taking.parquet_writer import ParquetWriter

    yield _MAGIC
    finder = KindFinder()
    fillers, sent_at = b"", time.monotonic()
    with table.rows() as rows:
        for row in rows:
            finder.see(row.texts)
            if finder.is_settled:
                break
            if time.monotonic() - sent_at > _SECONDS:
                yield _FILLER
                fillers, sent_at = fillers + _FILLER, time.monotonic()
    pipe = Pipe()
    with ParquetWriter(pipe, fillers, table.value_names, finder.kinds) as writer, table.rows() as rows:
        # The magic and the fillers, which were sent.
        pipe.take()
        for row in rows:
            writer.add(row)
            if piece := pipe.take():
                yield piece
    yield pipe.take()
