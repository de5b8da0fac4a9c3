"""Jobs and files as CSV for a spreadsheet, row by row."""

from __future__ import annotations

import csv as writing
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.models import TransformJob
from jobs.models.job_warnings import warning_texts
from jobs.services.files import File

#: Rows that are in memory at once.
CHUNK = 2000
COLUMNS = (
    "id", "name", "state", "attempts", "state_reason", "cause", "warnings", "model", "connection", "owner", "external",
    "instance_type", "instance_count", "input", "output", "tags", "objects_total", "objects_done", "duration_seconds",
    "created_at", "started_at", "ended_at", "archived_at", "cost_usd",
)  # fmt: skip
#: What a row is made of: plain values, which are read in a fifth of the time of whole jobs.
_READ = (
    "key", "name", "overall_state", "state_reason", "overall_cause", "warnings", "model_name", "connection__slug",
    "submitted_by__username", "external", "instance_type", "instance_count", "spec", "objects_total", "objects_done",
    "overall_duration", "created_at", "started_at", "overall_ended_at", "archived_at", "cost_usd", "joint",
)  # fmt: skip
#: Of these the values of all attempts together stand in `joint`, if there are several.
_JOINT = ("state_reason", "warnings", "objects_total", "objects_done", "cost_usd")
FILE_COLUMNS = ("input", "state", "size", "rows_in", "rows_out", "output", "error")
_ALWAYS = ("id", "name", "state")
#: Columns of the list, and what stands for each here.
_OF_LIST = {
    "model": ("model",),
    "path": ("input", "output"),
    "progress": ("objects_total", "objects_done"),
    "cause": ("cause", "state_reason"),
    "duration": ("duration_seconds",),
    "cost": ("cost_usd",),
    "instance": ("instance_type", "instance_count"),
    "connection": ("connection",),
    "tags": ("tags",),
    "owner": ("owner", "external"),
    "started": ("started_at",),
    "ended": ("ended_at",),
    "submitted": ("created_at",),
}
#: A cell that begins so is a formula to a spreadsheet, whoever chose the text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def csv(rows: QuerySet[TransformJob], shown: Collection[str] | None = None) -> Iterator[str]:
    """Lines of CSV, the columns' names first: all, or those that belong to the list's columns `shown`."""
    wanted = set(COLUMNS)
    if shown is not None:
        wanted = {*_ALWAYS, *(name for column in shown for name in _OF_LIST[column])}
    places = [place for place, name in enumerate(COLUMNS) if name in wanted]
    jobs = (_cells(row) for row in rows.values_list(*_READ, named=True).iterator(chunk_size=CHUNK))
    return _lines(
        [COLUMNS[place] for place in places], ([cells[place] for place in places] for cells in jobs)
    )


def files_csv(files: Iterable[File]) -> Iterator[str]:
    """The same of a job's files."""
    cells: Iterator[list[object]] = (
        [file.key, file.state, file.size, file.rows_in, file.rows_out, file.output_key, file.error]
        for file in files
    )
    return _lines(FILE_COLUMNS, cells)


def _lines(columns: Iterable[str], rows: Iterable[list[object]]) -> Iterator[str]:
    writer = writing.writer(_Echo())
    yield writer.writerow(columns)
    for cells in rows:
        yield writer.writerow([_safe(value) for value in cells])


def _cells(row: Any) -> list[object]:
    """What stands in COLUMNS for one of _READ."""
    spec = row.spec
    tags = spec.get("tags") or {}
    joint = {name: row.joint.get(name, getattr(row, name)) for name in _JOINT}
    started = parse_datetime(row.joint["started_at"] or "") if row.joint else row.started_at
    return [
        row.key, row.name, row.overall_state, row.joint.get("attempts", 1), joint["state_reason"], row.overall_cause,
        " ".join(warning_texts(joint["warnings"])), row.model_name,
        row.connection__slug, row.submitted_by__username, row.external, row.instance_type, row.instance_count,
        spec.get("data", ""), spec.get("output_path", ""), " ".join(f"{key}={value}" for key, value in tags.items()),
        joint["objects_total"], joint["objects_done"], row.overall_duration,
        *map(_time, (row.created_at, started, row.overall_ended_at, row.archived_at)), joint["cost_usd"],
    ]  # fmt: skip


def _time(at: datetime | None) -> str:
    """ISO 8601 with the offset of the reader's zone; empty for none."""
    return timezone.localtime(at).isoformat() if at else ""


def _safe(value: object) -> object:
    """With an apostrophe before what a spreadsheet would run."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
