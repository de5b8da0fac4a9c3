"""Take everything that a job wrote: its outputs as a zip, its rows as CSV, and the command that copies them."""

from __future__ import annotations

import json
import shlex
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import PurePosixPath

from aws import objects
from jobs import queries
from jobs.lifecycle.aws_session import asking
from jobs.models import TransformJob
from jobs.services.errors import Unavailable
from results.job_outputs import Output, outputs
from results.reading.filters import RowFilter, parse_filter
from results.reading.pairing import Pair, SideRow
from results.reading.passes import all_pairs
from teams.csv_lines import csv_lines
from transform import keys

#: Rows by which the columns of a CSV are known; values that have none stand in its last column.
_LOOKED_AT = 200
_MORE = "more"
#: Columns of a CSV: each row has a cell for each, and hostile answers could name others in every row.
MOST_COLUMNS = 2_000


def sync_command(job: TransformJob) -> str:
    """The shell command that copies the outputs of the job with the aws command line."""
    place = f"{job.output_path.rstrip('/')}/"
    return f"aws s3 sync {shlex.quote(place)} . --exclude '*' --include '*.out'"


def zip_pieces(job: TransformJob) -> Iterator[bytes]:
    """The outputs as a zip, in pieces, holding one piece of one output at a time. Raises a GatewayError meanwhile.

    The outputs are not compressed again: what is read is sent at once.
    """
    pipe = _Pipe()
    bucket, _ = keys.parse_s3_uri(job.output_path)
    with asking(job.connection) as target, zipfile.ZipFile(pipe, "w") as archive:
        for output in _all_outputs(job):
            pieces = objects.stream(target, bucket, output.key)
            if pieces is None:
                raise Unavailable(f"{output.key} was removed while the zip was made.")
            info = zipfile.ZipInfo(_entry_name(output.name), output.modified.timetuple()[:6])
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield pipe.take()
    yield pipe.take()


class _Pipe:
    """A file that cannot seek, and gives what was written since the last `take`."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it."""

    def close(self) -> None:
        """There is nothing behind it."""

    def take(self) -> bytes:
        """What was written."""
        written_bytes = b"".join(self._pieces)
        self._pieces.clear()
        return written_bytes


def _all_outputs(job: TransformJob) -> Iterator[Output]:
    after = ""
    while True:
        page = outputs(job, after=after)
        yield from page.outputs
        if not page.next:
            return
        after = page.next


def _entry_name(name: str) -> str:
    """A name that no program unpacks outside its folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
    return "/".join(part.replace("\\", "_").replace(":", "_") for part in parts) or "output"


def row_lines(job: TransformJob, text: str = "") -> Iterator[str]:
    """The rows of all files that match a filter as lines of CSV: file, row, input columns, output columns.

    Raises BadFilter at once, and a GatewayError while it is read.
    """
    return _row_lines(queries.merged(job).planned_by, parse_filter(text))


def _row_lines(job: TransformJob, row_filter: RowFilter | None) -> Iterator[str]:
    with asking(job.connection) as target:
        pairs = all_pairs(job, target)
        matching = (
            (file.name, pair)
            for file, pair in pairs
            if not pair.is_header and (row_filter is None or row_filter.holds(pair))
        )
        first = list(islice(matching, _LOOKED_AT))
        known_names = dict.fromkeys(name for _, pair in first for name in _values(pair))
        names = list(islice(known_names, MOST_COLUMNS))
        rows = (_cells(file, pair, names) for file, pair in chain(first, matching))
        yield from csv_lines(["file", "row", *names, _MORE], rows)


def _values(pair: Pair) -> dict[str, str]:
    """The pair's values by side and column; of a joined output only what the model wrote."""
    values = _side_values("input", pair.input, None)
    return values | _side_values("output", pair.output, pair.predicted if pair.input else None)


def _side_values(side: str, side_row: SideRow | None, positions: Iterable[int] | None) -> dict[str, str]:
    if side_row is None:
        return {}
    chosen = range(len(side_row.cells)) if positions is None else sorted(positions)
    names = side_row.side.columns
    return {
        f"{side}.{side_row.cells[n].name or (names[n] if n < len(names) else n)}": side_row.cells[n].text
        for n in chosen
        if n < len(side_row.cells)
    }


def _cells(file: str, pair: Pair, names: list[str]) -> list[object]:
    values = _values(pair)
    more = {name: text for name, text in values.items() if name not in names}
    values_in_order: list[object] = [values.get(name) for name in names]
    return [file, pair.number, *values_in_order, json.dumps(more, ensure_ascii=False) if more else None]
