"""Reads the outputs of an ended job for their figures, a slice at a time; each slice is saved at once."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from aws import GatewayError, Target, Throttled, Unreachable
from jobs import queries
from jobs.clock import due as due_at
from jobs.lifecycle.aws_session import asking
from jobs.models import Lease, PlannedObject, TransformJob
from jobs.services.errors import Unavailable
from jobs.services.texts import filesize
from results import checking
from results.models import OutputReading
from results.reading.alignment import alignment_of
from results.reading.figures import ColumnFigures, column_of
from results.reading.files import file_of
from results.reading.filters import BadFilter, RowFilter, parse_filter
from results.reading.pairing import Pair
from results.reading.passes import RowPass

#: One worker reads at a time: the others start and follow jobs.
LEASE = timedelta(seconds=90)
#: After SECONDS it is another reading's turn.
SECONDS = 10.0
#: The pause after the service could not be reached, and the time after which no further try is made.
PAUSE = timedelta(seconds=30)
GIVE_UP = timedelta(hours=6)
#: Columns of an output that have figures, and the longest list of numbers whose parts have.
MOST_COLUMNS, LONGEST_LIST = 12, 12
#: Characters of a column's name: a key of JSON can be as long as the row.
LONGEST_NAME = 200
#: Readings that are kept of a job; the oldest give way to new filters.
MOST_FILTERS = 20


def reading_of(job: TransformJob, text: str = "") -> OutputReading | None:
    """The reading of an ended job's outputs with this filter, begun if there is none; None if it has no rows to read.

    `job` has the plan of all files. Raises BadFilter.
    """
    if job.is_active or not alignment_of(job.spec).has_rows or not job.planned.filter(done=True).exists():
        return None
    parse_filter(text)
    reading, is_new = _get_or_begin(job, text)
    if is_new:
        _forget_oldest(job)
    return reading


def _get_or_begin(job: TransformJob, text: str, **columns: Any) -> tuple[OutputReading, bool]:
    """The reading since the job ended last, and whether it is new; a void one is replaced. A new one has `columns`."""
    last_end = queries.attempts(job).order_by().aggregate(last=Max("ended_at"))["last"]
    OutputReading.objects.filter(job=job, filter=text).exclude(job_ended_at=last_end).delete()
    return OutputReading.objects.get_or_create(
        job=job, filter=text, defaults={"job_ended_at": last_end, **columns}
    )


def begin_check(job: TransformJob) -> None:
    """Begin the reading of a job that completed under an output check; outputs without rows miss it at once."""
    if reading_of(job) is not None or job.is_active:
        return
    note = "the outputs have no rows that belong to records"
    with transaction.atomic():
        reading, is_new = _get_or_begin(job, "", finished_at=timezone.now(), note=note)
        if is_new:
            checking.check(reading)


def _forget_oldest(job: TransformJob) -> None:
    filtered = OutputReading.objects.filter(job=job).exclude(filter="").order_by("-id")
    newest = list(filtered.values_list("pk", flat=True)[:MOST_FILTERS])
    filtered.exclude(pk__in=newest).delete()


def due_readings(limit: int = 1) -> list[int]:
    """Ids of the readings that are next; those that have waited longest come first."""
    waiting = OutputReading.objects.filter(due_at("try_at", PAUSE), finished_at=None)
    return list(waiting.order_by("try_at").values_list("pk", flat=True)[:limit])


def read_some(reading_id: int) -> bool:
    """Read on for a slice of time; False if another task reads, or if there is nothing to do."""
    lease = Lease.claim("outputs", LEASE)
    if lease is None:
        return False
    try:
        readings = OutputReading.objects.select_related("job__connection")
        reading = readings.filter(pk=reading_id, finished_at=None).first()
        if reading is not None:
            _try(reading)
        return reading is not None
    finally:
        lease.release()


def _try(reading: OutputReading) -> None:
    if timezone.now() - reading.created_at > GIVE_UP:
        return _finish(reading, "Not all rows were read: the files could not be read for hours.")
    # Written first: if this worker dies, other readings come before this one is tried again.
    _save(reading, try_at=timezone.now() + PAUSE)
    try:
        with asking(reading.job.connection) as target:
            _go_on(reading, target)
    except (Throttled, Unreachable, Unavailable):
        return None
    except GatewayError as error:
        _finish(reading, f"The outputs could not be read: {error.sentence}")
    except BadFilter as error:
        _finish(reading, error.sentence)


def _go_on(reading: OutputReading, target: Target) -> None:
    """Read pass after pass, until the slice's time, the files or the bytes are used up."""
    until = time.monotonic() + SECONDS
    row_filter = parse_filter(reading.filter)
    share = _share(reading.job)
    reading.is_sampled = share < 1
    first = True
    while first or time.monotonic() < until:
        planned = _next_file(reading)
        if planned is None:
            return _finish(reading, _note(reading))
        if reading.bytes_read > 4 * settings.ROWS_READ_LIMIT:
            return _finish(reading, f"{filesize(reading.bytes_read)} were read, and no more may be.")
        _read_pass(reading, planned, target, row_filter, share)
        if not _save(reading, try_at=timezone.now()):
            return None
        first = False
    return None


def _share(job: TransformJob) -> float:
    """The part of each file that is read: all of it, unless the input has more bytes than may be read."""
    total, limit = job.bytes_total or 0, settings.ROWS_READ_LIMIT
    return limit / total if total > limit else 1.0


def _next_file(reading: OutputReading) -> PlannedObject | None:
    written = reading.job.planned.filter(done=True, position__gte=reading.position)
    planned = written.order_by("position").first()
    if planned is not None and planned.position != reading.position:
        reading.position, reading.row, reading.bytes_of_file = planned.position, 1, 0
    return planned


def _read_pass(
    reading: OutputReading,
    planned: PlannedObject,
    target: Target,
    row_filter: RowFilter | None,
    share: float,
) -> None:
    """Read rows of one file from the reading's place on, and move the place. Raises a GatewayError."""
    has_input = row_filter is not None or reading.job.spec.get("join_source") == "Input"
    row_pass = RowPass(reading.job, file_of(planned), target, reading.row, has_input)
    figures = _Figures(reading)
    most = planned.size * share if planned.size is not None and share < 1 else math.inf
    for pair in row_pass:
        figures.add(pair, row_filter)
        if reading.bytes_of_file + figures.bytes >= most:
            break
    figures.write()
    reading.files += reading.row == 1
    reading.skipped += bool(row_pass.trouble)
    reading.bytes_of_file += figures.bytes
    reading.bytes_read += figures.bytes
    if row_pass.next is not None:
        reading.row = row_pass.next
    else:
        reading.position, reading.row, reading.bytes_of_file = planned.position + 1, 1, 0


class _Figures:
    """The figures of a reading's rows while they are added to; `bytes` are those of the larger side's rows."""

    def __init__(self, reading: OutputReading) -> None:
        self._reading = reading
        self._columns = {values["name"]: column_of(values) for values in reading.columns}
        self._sides = [0, 0]

    @property
    def bytes(self) -> int:
        """Bytes of the rows that were added."""
        return max(self._sides)

    def add(self, pair: Pair, row_filter: RowFilter | None) -> None:
        """Count the pair, and the model's cells if it matches."""
        for n, side_row in enumerate((pair.input, pair.output)):
            self._sides[n] += len(side_row.row.body) + 1 if side_row else 0
        output = pair.output
        if output is None or (pair.number == 1 and output.side.is_headed):
            return
        self._reading.rows += 1
        if row_filter is not None and not row_filter.holds(pair):
            return
        self._reading.matches += 1
        for whole_name, text in answer_cells(pair):
            name = whole_name[:LONGEST_NAME]
            column = self._columns.get(name)
            if column is None and len(self._columns) < MOST_COLUMNS:
                column = self._columns[name] = ColumnFigures(name)
            if column is not None:
                column.add(text)

    def write(self) -> None:
        """Write the figures into the reading."""
        self._reading.columns = [column.as_json() for column in self._columns.values()]


def answer_cells(pair: Pair) -> Iterator[tuple[str, str]]:
    """The name and text of each of the first values that the model wrote; a short list of numbers is taken apart."""
    if pair.output is None:
        return
    side_row = pair.output
    marked = pair.predicted
    positions = range(len(side_row.cells)) if marked is None else sorted(marked)
    names = side_row.side.columns
    alone = len(positions) == 1
    for n in positions[:MOST_COLUMNS]:
        if n >= len(side_row.cells):
            continue
        cell = side_row.cells[n]
        name = cell.name or (names[n] if n < len(names) else "prediction" if alone else str(n))
        parts = _numbers(cell.text)
        if parts is None:
            yield name, cell.text
        else:
            yield from ((f"{name}[{at}]", json.dumps(part)) for at, part in enumerate(parts))


def _numbers(text: str) -> list[float] | None:
    """The numbers of a short JSON list; None for any other text."""
    if not text.startswith("["):
        return None
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        return None
    plain = isinstance(parts, list) and 0 < len(parts) <= LONGEST_LIST
    return parts if plain and all(type(part) in (int, float) for part in parts) else None


def _note(reading: OutputReading) -> str:
    """Sentences about what was not read; empty if all was."""
    sentences = []
    if reading.is_sampled:
        limit = filesize(settings.ROWS_READ_LIMIT)
        sentences.append(
            f"The input has more than {limit}: of each file only the first rows are in these figures."
        )
    if (reading.job.objects_total or 0) > PlannedObject.LIMIT:
        sentences.append(f"Only the first {PlannedObject.LIMIT:,} files were looked at.")
    if reading.skipped:
        part = f"{reading.skipped:,} of {reading.files:,} files"
        sentences.append(f"{part} could not be read to their end: removed, or with a row that is too long.")
    return " ".join(sentences)


_SAVED = (
    "position", "row", "bytes_of_file", "bytes_read", "files", "skipped", "rows", "matches", "columns", "is_sampled",
)  # fmt: skip


def _save(reading: OutputReading, *, try_at: datetime) -> bool:
    """Write how far the reading has come; False if it is finished or gone."""
    values = {name: getattr(reading, name) for name in _SAVED}
    unfinished = OutputReading.objects.filter(pk=reading.pk, finished_at=None)
    return unfinished.update(**values, try_at=try_at) == 1


def _finish(reading: OutputReading, note: str) -> None:
    """End the reading with what was read so far, and hold it against the output checks, in one transaction."""
    values = {name: getattr(reading, name) for name in _SAVED}
    reading.note = note
    with transaction.atomic():
        unfinished = OutputReading.objects.filter(pk=reading.pk, finished_at=None)
        if unfinished.update(**values, finished_at=timezone.now(), note=note) == 1:
            checking.check(reading)
