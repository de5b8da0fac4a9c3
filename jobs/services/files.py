"""A job's input objects, and what came of each. Read from rows alone: as fast for ten thousand as for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from django.db.models import Count, F, Q, QuerySet, TextChoices
from django.db.models.functions import Coalesce

from jobs.filtering import FilterError
from jobs.keyset import rows_after
from jobs.models import PlannedObject, TransformJob

PAGE = 100


class FileState(TextChoices):
    """What came of an input object."""

    WRITTEN = "written", "Written"
    WAITING = "waiting", "Not yet"
    FAILED = "failed", "Failed"
    MISSING = "missing", "No output"


class Only(TextChoices):
    """What a list of files is narrowed to."""

    MISSING = "missing", "Missing"
    FAILED = "failed", "Failed"
    ROWS = "rows", "Rows differ"


_DIFFER = Q(rows_in__isnull=False, rows_out__isnull=False) & ~Q(rows_in=F("rows_out"))
_NARROWED = {Only.MISSING: Q(done=False), Only.FAILED: Q(done=False) & ~Q(error=""), Only.ROWS: _DIFFER}
#: The columns of each order; the second tells apart what the first does not. A manifest tells no sizes.
_SORTS = {"key": "position", "size": "bytes", "state": "done"}

#: The words of `FileFilter.sort`.
ORDERS = (*_SORTS, *(f"-{word}" for word in _SORTS))


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files are wanted, in which order; a minus before `sort` turns it round."""

    only: str = ""
    search: str = ""
    sort: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """The filter of a query string; FilterError names what of it cannot be used."""
        wanted = cls(**{name: given.get(name, "").strip() for name in cls.names()})
        problems = {}
        if wanted.only not in ("", *Only.values):
            problems["only"] = [f"must be one of {', '.join(Only.values)}."]
        if wanted.sort.removeprefix("-") not in ("", *_SORTS):
            problems["sort"] = [
                f"must be one of {', '.join(_SORTS)}, with a minus before it to turn it round."
            ]
        if len(wanted.search) > 1024 or "\0" in wanted.search:
            problems["search"] = ["must be a text of at most 1,024 characters."]
        if problems:
            raise FilterError(problems)
        return wanted

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The parameters' names, as in an address."""
        return tuple(field.name for field in fields(cls))

    def given(self) -> dict[str, str]:
        """What is not as it would be anyway: a query string's parts."""
        parts = {"only": self.only, "search": self.search, "sort": self.sort}
        return {name: value for name, value in parts.items() if value}

    def further(self, job: TransformJob) -> dict[str, str]:
        """The query of a further page: in the order of the first one, though the job may end meanwhile."""
        return {**self.given(), "sort": self.order(job)}

    def order(self, job: TransformJob) -> str:
        """The order asked for; else a job's plan while it runs, and what is missing first once it has ended."""
        return self.sort or ("key" if job.is_active else "state")


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many files of the plan are known one by one, and how many of them are what."""

    known: int
    missing: int
    failed: int
    rows: int


@dataclass(frozen=True, slots=True)
class File:
    """An input object and what came of it; `error` is empty unless the data log named it."""

    key: str
    output_key: str
    size: int | None
    state: FileState
    rows_in: int | None
    rows_out: int | None
    error: str

    @property
    def label(self) -> str:
        """The state as people say it."""
        return str(self.state.label)


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some files in order; `next` is the cursor of those after them, None at the end."""

    files: tuple[File, ...]
    next: int | None


def counts(job: TransformJob) -> FileCounts:
    """How many there are of each; one query."""
    found = job.planned.aggregate(
        known=Count("id"),
        **{only.value: Count("id", filter=narrowed) for only, narrowed in _NARROWED.items()},
    )
    return FileCounts(**found)


def page(
    job: TransformJob, wanted: FileFilter, *, active: bool, after: int | None = None, limit: int = PAGE
) -> FilePage:
    """The files after the one with the cursor `after`; `active` if an attempt may still write what is missing."""
    rows = list(_matching_rows(job, wanted, after)[: limit + 1])
    files = tuple(_file(row, active) for row in rows[:limit])
    return FilePage(files, rows[limit - 1].position if len(rows) > limit else None)


def every(job: TransformJob, wanted: FileFilter, *, active: bool) -> Iterator[File]:
    """All of them one after the other, with no more than some in memory."""
    for row in _matching_rows(job, wanted, None).iterator(chunk_size=2000):
        yield _file(row, active)


def _matching_rows(job: TransformJob, wanted: FileFilter, after: int | None) -> QuerySet[PlannedObject]:
    """The rows that are wanted, from behind the one at this position."""
    rows = job.planned.annotate(bytes=Coalesce("size", -1))
    if wanted.only:
        rows = rows.filter(_NARROWED[Only(wanted.only)])
    if wanted.search:
        rows = rows.filter(key__icontains=wanted.search)
    sort = wanted.order(job)
    column = _SORTS[sort.removeprefix("-")]
    values = None
    if after is not None:
        row = job.planned.annotate(bytes=Coalesce("size", -1)).filter(position=after)
        value = row.values_list(column, flat=True).first()
        if value is None:
            return rows.none()
        values = (value, after)
    return rows_after(rows, (column, "position"), values, descending=sort.startswith("-"))


def _file(row: PlannedObject, active: bool) -> File:
    if row.done:
        state = FileState.WRITTEN
    elif active:
        state = FileState.WAITING
    else:
        state = FileState.FAILED if row.error else FileState.MISSING
    error = "" if row.done else row.error
    return File(row.key, row.output_key, row.size, state, row.rows_in, row.rows_out, error)
