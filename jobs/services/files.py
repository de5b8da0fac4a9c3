"""A job's input objects and their states, read from rows alone, so that ten thousand are as fast as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from django.db.models import Count, F, Q, QuerySet, TextChoices
from django.db.models.functions import Coalesce

from jobs.filtering import FilterError
from jobs.keyset import rows_after
from jobs.models import PlannedObject, TransformJob
from transform.record_places import RecordPlace

PAGE = 100


class FileState(TextChoices):
    """The state of an input object."""

    WRITTEN = "written", "Written"
    WAITING = "waiting", "Not yet"
    FAILED = "failed", "Failed"
    MISSING = "missing", "No output"


class Only(TextChoices):
    """What a list of files can be narrowed to."""

    MISSING = "missing", "Missing"
    FAILED = "failed", "Failed"
    ROWS = "rows", "Rows differ"


_DIFFER = Q(rows_in__isnull=False, rows_out__isnull=False) & ~Q(rows_in=F("rows_out"))
_NARROWED = {Only.MISSING: Q(done=False), Only.FAILED: Q(done=False) & ~Q(error=""), Only.ROWS: _DIFFER}
#: The column of each order; rows with equal values are ordered by position. A manifest has no sizes.
_SORTS = {"key": "position", "size": "bytes", "state": "done"}

#: The words of `FileFilter.sort`.
ORDERS = (*_SORTS, *(f"-{word}" for word in _SORTS))


@dataclass(frozen=True, slots=True)
class FileFilter:
    """A filter and order of files; a minus before `sort` reverses the order."""

    only: str = ""
    search: str = ""
    sort: str = ""

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Parse the filter in a query string; raises FilterError."""
        file_filter = cls(**{name: words.get(name, "").strip() for name in cls.names()})
        problems = {}
        if file_filter.only not in ("", *Only.values):
            problems["only"] = [f"must be one of {', '.join(Only.values)}."]
        if file_filter.sort.removeprefix("-") not in ("", *_SORTS):
            problems["sort"] = [
                f"must be one of {', '.join(_SORTS)}, with a minus before it to turn it round."
            ]
        if len(file_filter.search) > 1024 or "\0" in file_filter.search:
            problems["search"] = ["must be a text of at most 1,024 characters."]
        if problems:
            raise FilterError(problems)
        return file_filter

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the query parameters."""
        return tuple(field.name for field in fields(cls))

    def query_words(self) -> dict[str, str]:
        """Non-default filter values, as query-string parameters."""
        parts = {"only": self.only, "search": self.search, "sort": self.sort}
        return {name: value for name, value in parts.items() if value}

    def further(self, job: TransformJob) -> dict[str, str]:
        """The query of further pages, with the order of the first page, as the job may end meanwhile."""
        return {**self.query_words(), "sort": self.order(job)}

    def order(self, job: TransformJob) -> str:
        """The order; by default the plan's while the job runs, and missing files first once it has ended."""
        return self.sort or ("key" if job.is_active else "state")


@dataclass(frozen=True, slots=True)
class FileCounts:
    """The number of files that the plan lists, and the number for each narrowing."""

    listed: int
    missing: int
    failed: int
    rows: int


@dataclass(frozen=True, slots=True)
class JobFile:
    """An input object and its state; `error` is empty unless the data log names the object.

    `place` has the records of the request that failed, None if they are not known.
    """

    key: str
    output_key: str
    size: int | None
    state: FileState
    rows_in: int | None
    rows_out: int | None
    error: str
    place: RecordPlace | None = None

    @property
    def label(self) -> str:
        """The state's label."""
        return str(self.state.label)


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of files; `next` is the cursor of the next page, None on the last."""

    files: tuple[JobFile, ...]
    next: int | None


def counts(job: TransformJob) -> FileCounts:
    """Count the files of each narrowing, in one query."""
    numbers = job.planned.aggregate(
        listed=Count("id"),
        **{narrowing.value: Count("id", filter=condition) for narrowing, condition in _NARROWED.items()},
    )
    return FileCounts(**numbers)


def page(
    job: TransformJob, file_filter: FileFilter, *, active: bool, after: int | None = None, limit: int = PAGE
) -> FilePage:
    """A page of files after the cursor `after`; `active` if an attempt may still write missing outputs."""
    rows = list(_matching_rows(job, file_filter, after)[: limit + 1])
    files = tuple(_file(row, active) for row in rows[:limit])
    return FilePage(files, rows[limit - 1].position if len(rows) > limit else None)


def every(job: TransformJob, file_filter: FileFilter, *, active: bool) -> Iterator[JobFile]:
    """All matching files, with few in memory at a time."""
    for row in _matching_rows(job, file_filter, None).iterator(chunk_size=2000):
        yield _file(row, active)


def _matching_rows(job: TransformJob, file_filter: FileFilter, after: int | None) -> QuerySet[PlannedObject]:
    """The matching rows after the one at position `after`."""
    rows = job.planned.annotate(bytes=Coalesce("size", -1))
    if file_filter.only:
        rows = rows.filter(_NARROWED[Only(file_filter.only)])
    if file_filter.search:
        rows = rows.filter(key__icontains=file_filter.search)
    sort = file_filter.order(job)
    column = _SORTS[sort.removeprefix("-")]
    values = None
    if after is not None:
        row = job.planned.annotate(bytes=Coalesce("size", -1)).filter(position=after)
        value = row.values_list(column, flat=True).first()
        if value is None:
            return rows.none()
        values = (value, after)
    return rows_after(rows, (column, "position"), values, descending=sort.startswith("-"))


def _file(row: PlannedObject, active: bool) -> JobFile:
    if row.done:
        state = FileState.WRITTEN
    elif active:
        state = FileState.WAITING
    else:
        state = FileState.FAILED if row.error else FileState.MISSING
    error, place = ("", None) if row.done else (row.error_text, row.error_place)
    return JobFile(row.key, row.output_key, row.size, state, row.rows_in, row.rows_out, error, place)
