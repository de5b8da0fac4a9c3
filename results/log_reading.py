"""Reading a job's log from any place in it, both ways, as far as a person wants to wait. Raises GatewayError.

A place is the `id` of a line, or only a time (`1700000000000-`), or either with CloudWatch's own token behind a
tilde, where a search is to go on of which nothing was found yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aws import Rejected, Target, logs
from aws.logs import LogLine, LogLines, LogQuery
from failures.levels import TERMS, Levels, LogLevel, clean
from jobs.models import TransformJob
from jobs.services.errors import NoSuchPlace

#: Calls made while somebody waits, and the text of one page.
CALLS, PAGE_BYTES = 20, 1024 * 1024
#: Lines asked for at a time where most of them will not be errors, or will be those of the place's own millisecond.
_SIFTED, _BESIDE = 5_000, 2_000
_NO_PLACE = "No line of a log has this place."
#: How CloudWatch Logs answers a token that it never gave.
_BAD_TOKEN = "InvalidParameterException"  # noqa: S105  # an error's code
_PLACE = re.compile(r"(\d{1,15})-(\d{0,80})")
#: An instance may have spoken before the job was known to be accepted, by another clock.
_BEFORE_ACCEPTED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines are looked for: of one stream by its label, or of all; with a text in them; errors only."""

    stream: str = ""
    search: str = ""
    errors: bool = False

    @property
    def is_filter(self) -> bool:
        """Whether lines are left out within a stream."""
        return bool(self.search or self.errors)


@dataclass(frozen=True, slots=True)
class Told:
    """A line as it is shown. `begins` is true of the first line of what went wrong."""

    at: datetime
    text: str
    stream: str
    id: str
    level: LogLevel
    begins: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines in the order of their time; `place` is where reading goes on, empty at the log's end."""

    lines: tuple[Told, ...]
    place: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one call brought, in the order of reading, and the place behind it."""

    lines: list[Told]
    place: str


def read(
    target: Target,
    job: TransformJob,
    sought: Sought,
    *,
    place: str = "",
    backward: bool = False,
    until: int | None = None,
    limit: int,
) -> Stretch:
    """Up to `limit` lines behind a place, or in front of it; fewer if that takes too many calls or is too long.

    Without a place it begins at the log's beginning, or its end. Raises NoSuchPlace.
    """
    found: list[Told] = []
    size, rest = 0, ""
    source = batches(target, job, sought, place=place, backward=backward, until=until, size=limit)
    for _, batch in zip(range(CALLS), source, strict=False):
        for line in batch.lines:
            if len(found) == limit or (found and size + len(line.text) > PAGE_BYTES):
                return Stretch(_in_time(found, backward), found[-1].id)
            found.append(line)
            size += len(line.text)
        rest = batch.place
        if len(found) == limit and rest:
            return Stretch(_in_time(found, backward), found[-1].id)
    return Stretch(_in_time(found, backward), rest)


def find(
    target: Target, job: TransformJob, sought: Sought, *, place: str = "", backward: bool = False
) -> tuple[str, str]:
    """The next line that is sought, of errors the line that begins one; and where to go on if none was found yet.

    Both are empty if there is none. Raises NoSuchPlace.
    """
    rest = ""
    found = batches(target, job, sought, place=place, backward=backward, size=100)
    for _, batch in zip(range(CALLS), found, strict=False):
        for line in batch.lines:
            if line.begins or not sought.errors:
                return line.id, ""
        rest = batch.place
    return "", rest


def batches(
    target: Target,
    job: TransformJob,
    sought: Sought,
    *,
    place: str = "",
    backward: bool = False,
    until: int | None = None,
    size: int,
) -> Iterator[_Batch]:
    """All lines that are sought behind a place, a call at a time. Raises NoSuchPlace."""
    origin, _, token = place.partition("~")
    from_ms, number = _parsed(origin)
    since = _accepted(job)
    if origin and backward:
        until = from_ms
    elif origin:
        since = max(since, from_ms if number else from_ms + 1)
    wanted = LogQuery(
        job.name,
        stream=sought.stream,
        phrase="" if sought.errors else sought.search,
        terms=TERMS if sought.errors else (),
        since=since,
        until=until,
        backward=backward,
    )
    behind = _Behind(origin if number and not token else "", backward)
    levels = Levels()
    size = max(size, _SIFTED if sought.errors else 0, _BESIDE if number else 0)
    for page in _pages(target, wanted, token, size):
        # Backward each page is by itself: what went wrong is told from its beginning on.
        told = _told(page.lines[::-1], Levels())[::-1] if backward else _told(page.lines, levels)
        kept = [line for line in behind.of(told, more=bool(page.next_token)) if _is_sought(line, sought)]
        yield _Batch(kept, f"{origin}~{page.next_token}" if page.next_token else "")


def _pages(target: Target, wanted: LogQuery, token: str, size: int) -> Iterator[LogLines]:
    """CloudWatch's pages from `token` on. Raises NoSuchPlace for a token that CloudWatch does not know."""
    try:
        yield from logs.pages(target, wanted, token=token, size=size)
    except Rejected as error:
        if token and error.code == _BAD_TOKEN:
            raise NoSuchPlace(_NO_PLACE) from error
        raise


class _Behind:
    """Leaves out the lines up to a place, which CloudWatch finds to the millisecond only."""

    def __init__(self, place: str, backward: bool) -> None:
        self._place, self._backward = place, backward
        self._held: list[Told] = []

    def of(self, lines: Sequence[Told], *, more: bool) -> list[Told]:
        if not self._place:
            return list(lines)
        same = f"{self._place.partition('-')[0]}-"
        self._held += [line for line in lines if line.id.startswith(same)]
        rest = [line for line in lines if not line.id.startswith(same)]
        at = next((n for n, line in enumerate(self._held) if line.id == self._place), None)
        if at is None and more and not rest:
            return []
        # The place's own line may be none of those that are sought; then its number tells.
        beyond = self._held[at + 1 :] if at is not None else [x for x in self._held if self._is_beyond(x)]
        self._place, self._held = "", []
        return beyond + rest

    def _is_beyond(self, line: Told) -> bool:
        number, own = (int(one.partition("-")[2] or 0) for one in (line.id, self._place))
        return number < own if self._backward else number > own


def _told(lines: Sequence[LogLine], levels: Levels) -> list[Told]:
    return [_one(line, levels) for line in lines]


def _one(line: LogLine, levels: Levels) -> Told:
    text = clean(logs.bare(line.text) if logs.is_data_log(line.stream) else line.text)
    if not logs.is_data_log(line.stream):
        level, begins = levels.of(line.stream, text)
    elif logs.is_telling(text):
        level, begins = levels.of_object(line.stream, text)
    else:
        level, begins = LogLevel.PLAIN, False
    return Told(line.at, text, line.stream, line.id, level, begins)


def _is_sought(line: Told, sought: Sought) -> bool:
    if not sought.errors:
        return True
    return line.level == LogLevel.ERROR and sought.search in line.text


def _in_time(lines: list[Told], backward: bool) -> tuple[Told, ...]:
    return tuple(lines[::-1] if backward else lines)


def _accepted(job: TransformJob) -> int:
    return int((job.accepted_at - _BEFORE_ACCEPTED).timestamp() * 1000) if job.accepted_at else 0


def _parsed(place: str) -> tuple[int, str]:
    if not place:
        return 0, ""
    match = _PLACE.fullmatch(place)
    if match is None:
        raise NoSuchPlace(_NO_PLACE)
    return int(match[1]), match[2]
