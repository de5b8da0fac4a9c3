"""A job's log. Functions raise Unavailable, NoSuchObject for an unknown stream, and NoSuchPlace."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from aws import Target, logs
from aws.logs import LogLine, LogStream
from jobs.lifecycle.after import log_ends
from jobs.models import TransformJob
from jobs.services.calling import calls_for_person
from jobs.services.errors import NoSuchObject, Unavailable
from jobs.states import JobState
from results import log_reading
from results.log_reading import LineFilter, PageLine
from transform.tracebacks import without_frames

PAGE = 500
#: Characters of a search text.
LONGEST_SEARCH = 200
#: Lines shown before the line that a page opens at.
CONTEXT = 40
#: The label of all streams together, in order of time.
ALL = "all"
#: The place before a log's first line.
BEGINNING = "0-"
#: Lines shown on a page that links to the whole log.
ERRORS = 12
#: Calls that counting may take, and the lines of each call that counts lines.
_COUNTING, _COUNTED = 5, 10_000
#: Lines of several streams reach CloudWatch at different times; after this no line is expected between two others.
_SETTLED, _SETTLED_ENGINE = timedelta(seconds=10), timedelta(seconds=1)
#: After this time since its end a job writes no more lines.
_QUIET = timedelta(seconds=30)
#: A line of the service around a model's answer: an object's name alone, or with a heading.
_EMPTY = re.compile(r"^[^ ]*:( Message:)? *$")
#: The object that a line of a data log is about.
_ABOUT = re.compile(r"^\S+/\S[^:]*: ?")


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines in order of time.

    `stream` is a label or ALL. `token` is the place after the lines, `before` the place before them, empty at the
    log's beginning. `more` is true if later lines exist already, `over` if none will come. `note` says why there are
    no lines.
    """

    streams: tuple[LogStream, ...]
    stream: str
    lines: tuple[PageLine, ...]
    token: str
    note: str
    before: str = ""
    more: bool = False
    over: bool = True


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors by stream label; `more` is true if only a part of the log was read."""

    by_stream: Mapping[str, int]
    more: bool

    @property
    def total(self) -> int:
        """The errors of all streams."""
        return sum(self.by_stream.values())


@dataclass(frozen=True, slots=True)
class HitCount:
    """Hits of a search, or errors; `more` is true if only a part of the log was read.

    `number` is the place of one line among them, 0 if it is none of those that were counted.
    """

    number: int
    total: int
    more: bool


@dataclass(frozen=True, slots=True)
class TextFile:
    """A log as plain text, read while it is sent."""

    name: str
    parts: Iterator[str]


def page(
    job: TransformJob,
    *,
    stream: str = "",
    search: str = "",
    errors: bool = False,
    token: str = "",
    before: str = "",
    at: str = "",
    limit: int = PAGE,
) -> LogPage:
    """The end of the log, or the lines after the place `token`, before the place `before`, or around the line `at`.

    `stream` is a label or ALL. The default is the data log of a failed job, which names what failed, else the stream
    with the latest line. `search` is case-sensitive. `search` and `errors` are ignored with `at`.
    """
    if job.accepted_at is None:
        return LogPage((), "", (), "", _why_none(job), over=job.is_terminal)
    with calls_for_person(job.connection) as target:
        streams = tuple(logs.streams(target, job.name))
        if not streams:
            return LogPage((), "", (), "", _why_none(job), over=_is_over(job))
        label = _choose(streams, stream, failed=job.state == JobState.FAILED)
        line_filter = _line_filter(label, search, errors and not at)
        if at:
            stretch = _around(target, job, _line_filter(label), at, limit)
        elif before:
            stretch = _back(target, job, line_filter, before, limit)
        elif token:
            stretch = _on(target, job, line_filter, token, limit)
        else:
            stretch = _back(target, job, line_filter, "", limit)
    lines, older, newer, more = stretch
    # Recent lines are shown once no line can come between them.
    settled = _settled(job, line_filter)
    has_lost_lines = not lines and not line_filter.is_filter and _had_lines(streams, label, settled)
    note = _gone(job, "the lines of this log") if has_lost_lines else ""
    return LogPage(streams, label, lines, newer, note, older, more, over=_is_over(job) and not more)


def since(
    job: TransformJob, *, stream: str, search: str = "", errors: bool = False, token: str, limit: int = PAGE
) -> LogPage:
    """The lines after `token`, without the list of streams, which saves a call."""
    with calls_for_person(job.connection) as target:
        lines, older, newer, more = _on(target, job, _line_filter(stream, search, errors), token, limit)
    return LogPage((), stream, lines, newer, "", older, more, over=_is_over(job) and not more)


def jump(
    job: TransformJob,
    *,
    stream: str,
    search: str = "",
    errors: bool = False,
    token: str = "",
    before: str = "",
) -> tuple[str, str]:
    """The place of the next matching line after `token`, or of the last one before `before`.

    The second text is where to continue if the search stopped early; both are empty if no line matches.
    """
    with calls_for_person(job.connection) as target:
        line_filter = _line_filter(stream, search, errors)
        return log_reading.find(target, job, line_filter, place=before or token, backward=bool(before))


def count_hits(job: TransformJob, *, stream: str, search: str, errors: bool, at: str) -> HitCount:
    """Count the lines with the text, or the errors, and find the place of the line `at` among them."""
    number = total = 0
    next_place = ""
    with calls_for_person(job.connection) as target:
        batches = log_reading.batches(target, job, _line_filter(stream, search, errors), size=_COUNTED)
        for _, batch in zip(range(_COUNTING), batches, strict=False):
            for line in batch.lines:
                if line.begins or not errors:
                    total += 1
                    number = total if line.id == at else number
            next_place = batch.place
    return HitCount(number, total, more=bool(next_place))


def line_number(job: TransformJob, *, stream: str, line_id: str) -> int | None:
    """The number of a line in its stream, or in all of them; None if it is far from the log's beginning."""
    # There is no batch if there is no such stream.
    number, next_place = 1, line_id
    with calls_for_person(job.connection) as target:
        line_filter = _line_filter(stream)
        batches = log_reading.batches(target, job, line_filter, place=line_id, backward=True, size=_COUNTED)
        for _, batch in zip(range(_COUNTING), batches, strict=False):
            number += len(batch.lines)
            next_place = batch.place
    return None if next_place else number


def streams(job: TransformJob) -> tuple[LogStream, ...]:
    """The job's streams, data logs first; empty until its first instance runs."""
    if job.accepted_at is None:
        return ()
    with calls_for_person(job.connection) as target:
        return tuple(logs.streams(target, job.name))


def count_errors(job: TransformJob) -> ErrorCounts:
    """Count the errors of each stream, within a few calls."""
    if job.accepted_at is None:
        return ErrorCounts({}, more=False)
    counts: Counter[str] = Counter()
    with calls_for_person(job.connection) as target:
        batches = log_reading.batches(target, job, LineFilter(errors=True), size=PAGE)
        next_place = ""
        for _, batch in zip(range(_COUNTING), batches, strict=False):
            counts.update(line.stream for line in batch.lines if line.begins)
            next_place = batch.place
    return ErrorCounts(counts, more=bool(next_place))


def text_file(job: TransformJob, *, stream: str, search: str = "", errors: bool = False) -> TextFile:
    """The whole log as text: each line's time, its stream if `stream` is ALL, and its text.

    The first part is read at once, so that errors raise here; a later error becomes the text's last line.
    """
    if stream != ALL:
        with calls_for_person(job.connection) as target:
            _choose(tuple(logs.streams(target, job.name)), stream, failed=False)
    written = _written(job, _line_filter(stream, search, errors))
    first = next(written, "")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{job.name}-{stream}.log")
    return TextFile(name, _going_on(first, written))


def first_errors(job: TransformJob) -> tuple[LogLine, ...]:
    """The data logs' first lines about failed objects, without SageMaker's stamps and the frames of tracebacks.

    A few lines of the first instance that has any; empty if none has, as when the container never started.
    """
    if job.accepted_at is None:
        return ()
    with calls_for_person(job.connection) as target:
        for log_lines in log_ends.beginnings(target, logs.streams(target, job.name)):
            if error_lines := [line for line in log_lines if not _EMPTY.search(line.text)]:
                positions = without_frames([_ABOUT.sub("", line.text) for line in error_lines])
                return tuple(error_lines[position] for position in positions[:ERRORS])
    return ()


def last_words(job: TransformJob) -> tuple[LogLine, ...]:
    """The last lines of a failed job's data log, or of the latest container if the data log has only routine lines."""
    if job.accepted_at is None:
        return ()
    with calls_for_person(job.connection) as target:
        streams = logs.streams(target, job.name)
        data_logs = [stream for stream in streams if stream.is_data_log]
        for log_lines in log_ends.endings(target, data_logs, ERRORS):
            if any(logs.is_telling(line.text) for line in log_lines):
                return tuple(log_lines)
        spoken = [stream for stream in log_ends.containers(streams) if stream.last_event]
        latest = sorted(spoken, key=lambda stream: stream.last_spoke)[-1:]
        for log_lines in log_ends.endings(target, latest, ERRORS):
            return tuple(log_lines)
    return ()


_Stretch = tuple[tuple[PageLine, ...], str, str, bool]


def _back(target: Target, job: TransformJob, line_filter: LineFilter, place: str, limit: int) -> _Stretch:
    """Lines before a place, or the last lines; then the places before and after them, and whether there is more."""
    until = None if place else _settled(job, line_filter)
    stretch = log_reading.read(target, job, line_filter, place=place, backward=True, until=until, limit=limit)
    if until is not None:
        newer = f"{until}-"
    else:
        newer = stretch.lines[-1].id if stretch.lines else place.partition("~")[0] or BEGINNING
    return stretch.lines, stretch.place, newer, bool(place)


def _on(target: Target, job: TransformJob, line_filter: LineFilter, place: str, limit: int) -> _Stretch:
    until = _settled(job, line_filter)
    stretch = log_reading.read(target, job, line_filter, place=place, until=until, limit=limit)
    beginning = place.partition("~")[0]
    newer = stretch.place or (stretch.lines[-1].id if stretch.lines else beginning)
    if not stretch.place and until is not None and until > int(newer.partition("-")[0]):
        newer = f"{until}-"
    older = (stretch.lines[0].id if stretch.lines else beginning) if beginning != BEGINNING else ""
    return stretch.lines, older, newer, bool(stretch.place)


def _around(target: Target, job: TransformJob, line_filter: LineFilter, at: str, limit: int) -> _Stretch:
    earlier = log_reading.read(
        target, job, line_filter, place=at, backward=True, limit=min(CONTEXT, limit - 1)
    )
    start = earlier.lines[-1].id if earlier.lines else f"{int(at.partition('-')[0]) - 1}-"
    lines, _, newer, more = _on(target, job, line_filter, start, limit - len(earlier.lines))
    return (*earlier.lines, *lines), earlier.place, newer, more


def _line_filter(label: str, search: str = "", errors: bool = False) -> LineFilter:
    return LineFilter("" if label == ALL else label, search, errors)


def _settled(job: TransformJob, line_filter: LineFilter) -> int | None:
    """The time in milliseconds up to which the log is complete; None if no line can come between those shown."""
    if _is_over(job) or (line_filter.stream and not line_filter.is_filter):
        return None
    wait = _SETTLED_ENGINE if job.connection.is_engine else _SETTLED
    return int((timezone.now() - wait).timestamp() * 1000)


def _is_over(job: TransformJob) -> bool:
    return job.is_terminal and timezone.now() - (job.ended_at or job.changed_at) > _QUIET


def _written(job: TransformJob, line_filter: LineFilter) -> Iterator[str]:
    with calls_for_person(job.connection) as target:
        for batch in log_reading.batches(target, job, line_filter, size=10_000):
            yield "".join(_as_text(line, with_stream=not line_filter.stream) for line in batch.lines)


def _as_text(line: PageLine, *, with_stream: bool) -> str:
    return f"{_stamp(line.at)} {line.stream + ' ' if with_stream else ''}{line.text}\n"


def _stamp(at: datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _going_on(first: str, later_parts: Iterator[str]) -> Iterator[str]:
    yield first
    try:
        yield from later_parts
    except Unavailable as error:
        yield f"\n[The log could not be read to its end: {error}]\n"


def _why_none(job: TransformJob) -> str:
    if job.accepted_at is None:
        return (
            "This job has no log: it never came to run."
            if job.is_terminal
            else "No log yet: the job has not been started."
        )
    if not job.is_terminal:
        return "No log yet: it begins when the first instance runs."
    if not _is_over(job):
        return "No log yet: the job has ended, and its last lines may come within half a minute."
    if job.started_at is None:
        return "This job has no log: none of its instances came to run."
    return _gone(job, "this job's log")


def _gone(job: TransformJob, subject: str) -> str:
    if job.connection.is_engine:
        return f"{job.connection.name} no longer has {subject}."
    return f"CloudWatch no longer has {subject}: its log group's retention time is over."


def _had_lines(streams: tuple[LogStream, ...], label: str, until: int | None) -> bool:
    """Whether the stream, or any stream for ALL, has a last line up to `until` (milliseconds; None for any time)."""
    return any(
        stream.last_event and (until is None or stream.last_event.timestamp() * 1000 <= until)
        for stream in streams
        if label in (ALL, stream.label)
    )


def _choose(streams: tuple[LogStream, ...], label: str, *, failed: bool) -> str:
    """The label of the stream to show. Raises NoSuchObject."""
    if label == ALL or any(stream.label == label for stream in streams):
        return label
    if label:
        raise NoSuchObject("This job has no such log stream.")
    spoken = [stream for stream in streams if stream.last_event is not None]
    candidates = [stream for stream in spoken if stream.is_data_log == failed]
    return max(candidates or spoken, key=lambda stream: stream.last_spoke, default=streams[0]).label
