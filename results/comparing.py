"""Compare jobs: the settings that differ, and what changed in the predictions for the same records."""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from aws import Target
from jobs import queries
from jobs.lifecycle.aws_session import asking
from jobs.models import PlannedObject, TransformJob
from jobs.services.attempts.changes import flat_fields
from jobs.services.calling import calls_for_person
from jobs.services.errors import NotPossible
from results.reading.alignment import alignment_of
from results.reading.cells import Cell
from results.reading.figures import ColumnFigures
from results.reading.files import file_of
from results.reading.pairing import Pair
from results.reading.passes import file_pairs
from teams.csv_lines import csv_lines
from transform import keys

#: Time for the predictions of one pair of jobs while a person waits. What was not read by then is told.
SECONDS = 5.0
#: The greatest changes that are named, and the most frequent changes of labels.
MOST_MOVERS, MOST_CHANGES = 20, 10
#: Rows of one file that are held to match them by a column.
MOST_KEYED = 200_000
#: Characters of these rows' keys and predictions together.
KEYED_CHARACTERS = 32 * 1024 * 1024
#: Numbers that differ by less, in relation to their size, are the same.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting that is not the same in all jobs; a value is None if it was not set."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """The predictions of two jobs for one record; None where a job has none. `key` is the value that matched them."""

    file: str
    number: int
    key: str
    first: Cell | None
    second: Cell | None

    @property
    def shift(self) -> float | None:
        """The second number less the first; None unless both are numbers."""
        numbers = [cell.number if cell else None for cell in (self.first, self.second)]
        first, second = numbers
        return second - first if first is not None and second is not None else None

    @property
    def is_changed(self) -> bool:
        """Whether both jobs have a prediction, and they differ."""
        if self.first is None or self.second is None or self.first.text == self.second.text:
            return False
        first, second = self.first.number, self.second.number
        if first is None or second is None:
            return True
        return not math.isclose(first, second, rel_tol=_TOLERANCE)


@dataclass(slots=True)
class PredictionDiff:
    """What differs between the predictions of the first job and those of `job`, over the rows that were matched.

    `only_first` and `only_second` count rows without a match in the other job. `is_complete` is false if there was no
    time for all rows; `notes` are sentences about what was not compared.
    """

    job: TransformJob
    key: str = ""
    files: int = 0
    files_compared: int = 0
    rows: int = 0
    changed: int = 0
    only_first: int = 0
    only_second: int = 0
    is_complete: bool = True
    notes: list[str] = field(default_factory=list)
    first: ColumnFigures = field(default_factory=lambda: ColumnFigures("first"))
    second: ColumnFigures = field(default_factory=lambda: ColumnFigures("second"))
    shift: ColumnFigures = field(default_factory=lambda: ColumnFigures("shift"))
    movers: list[MatchedRow] = field(default_factory=list)
    label_changes: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def changed_share(self) -> float:
        """The part of the matched rows whose prediction changed."""
        return self.changed / self.rows if self.rows else 0.0

    def add(self, row: MatchedRow) -> None:
        """Count a row."""
        if row.first is None or row.second is None:
            self.only_first += row.first is not None
            self.only_second += row.second is not None
            return
        self.rows += 1
        self.first.add(row.first.text)
        self.second.add(row.second.text)
        shift = row.shift
        if shift is not None:
            self.shift.add(repr(shift))
        if not row.is_changed:
            return
        self.changed += 1
        if shift is None:
            pair = row.first.text[:80], row.second.text[:80]
            if pair in self.label_changes or len(self.label_changes) < 1000:
                self.label_changes[pair] = self.label_changes.get(pair, 0) + 1
        self._keep_mover(row)

    def _keep_mover(self, row: MatchedRow) -> None:
        self.movers.append(row)
        if len(self.movers) > 4 * MOST_MOVERS:
            self.movers = heapq.nlargest(MOST_MOVERS, self.movers, key=_distance)

    def finish(self) -> None:
        """Order what is shown."""
        self.movers = heapq.nlargest(MOST_MOVERS, self.movers, key=_distance)
        ordered = sorted(self.label_changes.items(), key=lambda item: -item[1])
        self.label_changes = dict(ordered[:MOST_CHANGES])


def _distance(row: MatchedRow) -> float:
    return abs(row.shift) if row.shift is not None else 0.0


def differing_settings(jobs: Sequence[TransformJob]) -> list[SettingRow]:
    """The settings that are not the same in all jobs, by name."""
    fields = [flat_fields(job) for job in jobs]
    names = sorted({name for fields_of_job in fields for name in fields_of_job})
    rows = (SettingRow(name, tuple(fields_of_job.get(name) for fields_of_job in fields)) for name in names)
    return [row for row in rows if any(value != row.values[0] for value in row.values)]


def prediction_diff(first: TransformJob, second: TransformJob, key: str = "") -> PredictionDiff:
    """Compare the predictions of two ended jobs, row by row, for up to SECONDS. Raises Unavailable.

    Rows are matched by position in files of one name whose records are the same, or by the values of the column `key`.
    """
    diff = PredictionDiff(second, key)
    matched_files = _matched_files(first, second, diff)
    if diff.notes or not matched_files:
        diff.is_complete = False
        return diff
    deadline = time.monotonic() + SECONDS
    with calls_for_person(first.connection) as target, calls_for_person(second.connection) as further:
        try:
            for files in matched_files:
                diff.files_compared += 1
                for row in _matched_rows((first, second), files, (target, further), key, deadline):
                    diff.add(row)
                    _check_time(deadline)
        except TimeoutError:
            diff.is_complete = False
            total = f"{diff.files:,} file{'s' if diff.files > 1 else ''}"
            diff.notes.append(
                f"There was time for the first {diff.rows:,} rows in {diff.files_compared:,} of {total}. "
                "The CSV has all of them."
            )
        except _TooManyRows as error:
            diff.is_complete = False
            diff.notes.append(str(error))
    if not diff.is_complete or diff.rows:
        pass
    elif key:
        diff.notes.append(f"No row was matched by “{key}”: choose a column of the input or of the output.")
    else:
        diff.notes.append("The jobs have no row with the same record at the same place.")
    diff.finish()
    return diff


def changed_lines(first: TransformJob, second: TransformJob, key: str = "") -> Iterator[str]:
    """All rows whose predictions differ, as lines of CSV. Raises NotPossible, and a GatewayError while it is read."""
    diff = PredictionDiff(second, key)
    matched_files = _matched_files(first, second, diff)
    if diff.notes:
        raise NotPossible(diff.notes[0])
    return _changed_lines(first, second, key, matched_files)


_Files = tuple[PlannedObject, PlannedObject]


def _changed_lines(
    first: TransformJob, second: TransformJob, key: str, matched_files: list[_Files]
) -> Iterator[str]:
    with asking(first.connection) as target, asking(second.connection) as further:
        rows = (
            [row.file, row.number, row.key, _text(row.first), _text(row.second), row.shift]
            for files in matched_files
            for row in _matched_rows((first, second), files, (target, further), key)
            if row.is_changed
        )
        yield from csv_lines(["file", "row", key or "key", first.name, second.name, "shift"], rows)


def _text(cell: Cell | None) -> str | None:
    return cell.text if cell else None


class _TooManyRows(NotPossible):
    """A file has more rows than are matched by a column."""


def _matched_files(first: TransformJob, second: TransformJob, diff: PredictionDiff) -> list[_Files]:
    """The files of the first job with those of the second that have the same name below their input."""
    for job in (first, second):
        if job.is_active:
            diff.notes.append(f"{job.name} has not ended.")
        elif not alignment_of(job.spec).has_rows:
            diff.notes.append(f"The outputs of {job.name} have no rows that belong to records.")
    if diff.notes:
        return []
    names = {_name(second, row): row for row in second.planned.filter(done=True).order_by("position")}
    pairs = [
        (row, names[name])
        for row in first.planned.filter(done=True).order_by("position")
        if (name := _name(first, row)) in names
    ]
    diff.files = len(pairs)
    if not pairs:
        diff.notes.append("The jobs have no file of the same name with an output in both.")
    return pairs


def _name(job: TransformJob, planned: PlannedObject) -> str:
    """An input's key below the job's input; the whole key of a manifest's entry."""
    if job.spec.get("data_type", "S3Prefix") != "S3Prefix":
        return planned.key
    _, prefix = keys.parse_s3_uri(job.data)
    return planned.key.removeprefix(prefix[: prefix.rfind("/") + 1])


def _check_time(deadline: float) -> None:
    """Raises TimeoutError after the deadline."""
    if time.monotonic() > deadline:
        raise TimeoutError


def _matched_rows(
    jobs: tuple[TransformJob, TransformJob],
    files: _Files,
    targets: tuple[Target, Target],
    key: str,
    deadline: float = math.inf,
) -> Iterator[MatchedRow]:
    """The rows of two files with their matches. Raises TimeoutError where nothing was found until the deadline."""
    name = files[0].key
    if key:
        yield from _matched_by_key(jobs, files, targets, key, deadline)
        return
    # Of one and the same object the records need not be read.
    etags = {planned.etag for planned in files}
    is_same = len(etags) == 1 and "" not in etags
    joined = any(job.spec.get("join_source") == "Input" for job in jobs)
    first, second = (
        file_pairs(job, target, file_of(planned), has_input=joined or not is_same)
        for job, target, planned in zip(jobs, targets, files, strict=True)
    )
    for before, after in zip_longest(first, second):
        number = before.number if before else after.number
        if before and after and not is_same and not _have_one_record(before, after):
            yield MatchedRow(name, number, "", before.prediction, None)
            yield MatchedRow(name, number, "", None, after.prediction)
        else:
            predictions = (pair.prediction if pair else None for pair in (before, after))
            yield MatchedRow(name, number, "", *predictions)


def _have_one_record(before: Pair, after: Pair) -> bool:
    return bool(before.input and after.input and before.input.row.body == after.input.row.body)


def _matched_by_key(
    jobs: tuple[TransformJob, TransformJob],
    files: _Files,
    targets: tuple[Target, Target],
    key: str,
    deadline: float,
) -> Iterator[MatchedRow]:
    """Rows of a file with the same value in a column; a value that occurs twice is matched in its order."""
    name = files[0].key
    # Of each row only its number and prediction, as the rows themselves can be long.
    waiting: dict[str, deque[tuple[int, Cell | None]]] = {}
    size = 0
    for number, pair in enumerate(file_pairs(jobs[0], targets[0], file_of(files[0]))):
        _check_time(deadline)
        value, prediction = _key_of(pair, key), pair.prediction
        if value is None:
            continue
        size += len(value) + (len(prediction.text) if prediction else 0)
        if number >= MOST_KEYED or size > KEYED_CHARACTERS:
            raise _TooManyRows(
                f"{name} has more than {MOST_KEYED:,} rows or {KEYED_CHARACTERS:,} characters in the column and the "
                "predictions; more are not matched by a column."
            )
        waiting.setdefault(value, deque()).append((pair.number, prediction))
    for pair in file_pairs(jobs[1], targets[1], file_of(files[1])):
        _check_time(deadline)
        value = _key_of(pair, key)
        if value is None:
            continue
        same = waiting.get(value)
        if same:
            number, prediction = same.popleft()
            yield MatchedRow(name, number, value, prediction, pair.prediction)
        else:
            yield MatchedRow(name, pair.number, value, None, pair.prediction)
    for value, rows in waiting.items():
        yield from (MatchedRow(name, number, value, prediction, None) for number, prediction in rows)


def _key_of(pair: Pair, key: str) -> str | None:
    """The value by which a row is matched: of the input, else of the output; None for a header and without a value."""
    if pair.is_header:
        return None
    cell = pair.input.named(key) or pair.input.at(key) if pair.input else None
    if cell is None:
        cell = pair.output.named(key) if pair.output else None
    return cell.text if cell else None


def planned_by(job: TransformJob) -> TransformJob:
    """The attempt that has the plan of all files of the job."""
    return queries.merged(job).planned_by
