"""Read a job's log from any place in it, forward or backward, with a bounded number of calls. Raises GatewayError.

A place is the `id` of a line or a time (`1700000000000-`). Where a search has to continue without a line found so
far, CloudWatch's own token follows it after a tilde.
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

#: Calls to CloudWatch for one page, and the bytes of its text: a person waits.
CALLS, PAGE_BYTES = 20, 1024 * 1024
#: Lines for each call where few of them will be errors, and where many may have the place's own millisecond.
_SIFTED, _BESIDE = 5_000, 2_000
_NO_PLACE = "No line of a log has this place."
#: CloudWatch's error code for a token that it does not know.
_BAD_TOKEN = "InvalidParameterException"  # noqa: S105  # an error's code
_PLACE = re.compile(r"(\d{1,15})-(\d{0,80})")
#: An instance's clock may be earlier than ours, which dated the job's acceptance.
_BEFORE_ACCEPTED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LineFilter:
    """The lines to return: of one stream by its label or of all, with the text `search`, only errors."""

    stream: str = ""
    search: str = ""
    errors: bool = False

    @property
    def is_filter(self) -> bool:
        """Whether some lines of a stream are left out."""
        return bool(self.search or self.errors)


@dataclass(frozen=True, slots=True)
class PageLine:
    """A line as a page shows it. `begins` is true for the first line of an error."""

    at: datetime
    text: str
    stream: str
    id: str
    level: LogLevel
    begins: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines in order of time; `place` is where reading continues, empty at the log's end."""

    lines: tuple[PageLine, ...]
    place: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """The lines of one call, in reading order, and the place after them."""

    lines: list[PageLine]
    place: str


def read(
    target: Target,
    job: TransformJob,
    line_filter: LineFilter,
    *,
    place: str = "",
    backward: bool = False,
    until: int | None = None,
    limit: int,
) -> Stretch:
    """Up to `limit` lines after a place, or before it if `backward`; fewer at the limits of calls and bytes.

    Without a place, reading starts at the log's beginning, or at its end if `backward`. Raises NoSuchPlace.
    """
    page_lines: list[PageLine] = []
    size, next_place = 0, ""
    source = batches(target, job, line_filter, place=place, backward=backward, until=until, size=limit)
    for _, batch in zip(range(CALLS), source, strict=False):
        for line in batch.lines:
            if len(page_lines) == limit or (page_lines and size + len(line.text) > PAGE_BYTES):
                return Stretch(_in_time(page_lines, backward), page_lines[-1].id)
            page_lines.append(line)
            size += len(line.text)
        next_place = batch.place
        if len(page_lines) == limit and next_place:
            return Stretch(_in_time(page_lines, backward), page_lines[-1].id)
    return Stretch(_in_time(page_lines, backward), next_place)


def find(
    target: Target, job: TransformJob, line_filter: LineFilter, *, place: str = "", backward: bool = False
) -> tuple[str, str]:
    """The id of the next matching line, and the place to continue from if the calls ran out before one was found.

    Of an error this is its first line. Both are empty if no line matches. Raises NoSuchPlace.
    """
    next_place = ""
    line_batches = batches(target, job, line_filter, place=place, backward=backward, size=100)
    for _, batch in zip(range(CALLS), line_batches, strict=False):
        for line in batch.lines:
            if line.begins or not line_filter.errors:
                return line.id, ""
        next_place = batch.place
    return "", next_place


def batches(
    target: Target,
    job: TransformJob,
    line_filter: LineFilter,
    *,
    place: str = "",
    backward: bool = False,
    until: int | None = None,
    size: int,
) -> Iterator[_Batch]:
    """The matching lines after a place, one batch for each call. Raises NoSuchPlace."""
    origin, _, token = place.partition("~")
    from_ms, number = _parsed(origin)
    since = _accepted(job)
    if origin and backward:
        until = from_ms
    elif origin:
        since = max(since, from_ms if number else from_ms + 1)
    query = LogQuery(
        job.name,
        stream=line_filter.stream,
        phrase="" if line_filter.errors else line_filter.search,
        terms=TERMS if line_filter.errors else (),
        since=since,
        until=until,
        backward=backward,
    )
    behind = _Behind(origin if number and not token else "", backward)
    levels = Levels()
    size = max(size, _SIFTED if line_filter.errors else 0, _BESIDE if number else 0)
    for page in _pages(target, query, token, size):
        # Backward, each page is read for itself: levels are known only from an error's first line on.
        page_lines = (
            _page_lines(page.lines[::-1], Levels())[::-1] if backward else _page_lines(page.lines, levels)
        )
        matching_lines = [
            line for line in behind.of(page_lines, more=bool(page.next_token)) if _passes(line, line_filter)
        ]
        yield _Batch(matching_lines, f"{origin}~{page.next_token}" if page.next_token else "")


def _pages(target: Target, query: LogQuery, token: str, size: int) -> Iterator[LogLines]:
    """CloudWatch's pages from `token` on. Raises NoSuchPlace if CloudWatch does not know the token."""
    try:
        yield from logs.pages(target, query, token=token, size=size)
    except Rejected as error:
        if token and error.code == _BAD_TOKEN:
            raise NoSuchPlace(_NO_PLACE) from error
        raise


class _Behind:
    """Leaves out the lines up to a place, which CloudWatch's requests name only to the millisecond."""

    def __init__(self, place: str, backward: bool) -> None:
        self._place, self._backward = place, backward
        self._held: list[PageLine] = []

    def of(self, lines: Sequence[PageLine], *, more: bool) -> list[PageLine]:
        if not self._place:
            return list(lines)
        same = f"{self._place.partition('-')[0]}-"
        self._held += [line for line in lines if line.id.startswith(same)]
        later_lines = [line for line in lines if not line.id.startswith(same)]
        at = next((n for n, line in enumerate(self._held) if line.id == self._place), None)
        if at is None and more and not later_lines:
            return []
        # The filter may leave out the place's own line; then its number decides.
        beyond = self._held[at + 1 :] if at is not None else [x for x in self._held if self._is_beyond(x)]
        self._place, self._held = "", []
        return beyond + later_lines

    def _is_beyond(self, line: PageLine) -> bool:
        number, place_number = (int(line_id.partition("-")[2] or 0) for line_id in (line.id, self._place))
        return number < place_number if self._backward else number > place_number


def _page_lines(lines: Sequence[LogLine], levels: Levels) -> list[PageLine]:
    return [_page_line(line, levels) for line in lines]


def _page_line(line: LogLine, levels: Levels) -> PageLine:
    text = clean(logs.bare(line.text) if logs.is_data_log(line.stream) else line.text)
    if not logs.is_data_log(line.stream):
        level, begins = levels.of(line.stream, text)
    elif logs.is_telling(text):
        level, begins = levels.of_object(line.stream, text)
    else:
        level, begins = LogLevel.PLAIN, False
    return PageLine(line.at, text, line.stream, line.id, level, begins)


def _passes(line: PageLine, line_filter: LineFilter) -> bool:
    if not line_filter.errors:
        return True
    return line.level == LogLevel.ERROR and line_filter.search in line.text


def _in_time(lines: list[PageLine], backward: bool) -> tuple[PageLine, ...]:
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
