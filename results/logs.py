"""What a job said while it ran. Raises Unavailable, NoSuchObject for a stream, NoSuchPlace."""

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
from jobs.services.calling import asked
from jobs.services.errors import NoSuchObject, Unavailable
from jobs.states import JobState
from results import log_reading
from results.log_reading import Sought, Told

PAGE = 500
#: Of a text that is searched, as much as is looked for.
LONGEST_SEARCH = 200
#: Lines in front of one that a page opens at.
CONTEXT = 40
#: The label of all streams together, in the order of time.
ALL = "all"
#: The place in front of a log's first line.
BEGINNING = "0-"
#: Lines shown where the whole log is one step away.
ERRORS = 12
#: Calls that counting errors may take.
_COUNTING = 5
#: Streams come to CloudWatch at their own pace: so much later nothing is expected to come between two lines.
_SETTLED, _SETTLED_ENGINE = timedelta(seconds=10), timedelta(seconds=1)
#: So long after its end nothing more is expected of a job.
_QUIET = timedelta(seconds=30)
#: What the service writes around a model's answer: an object's name with nothing behind it, or with a heading.
_EMPTY = re.compile(r"^[^ ]*:( Message:)? *$")


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines in the order of their time.

    `stream` is a label or ALL. `token` is the place of what was written after them, `before` of what was written
    before them, empty at the beginning. `more` is true if later lines are there already, `over` if none will
    come. `note` says why there are none.
    """

    streams: tuple[LogStream, ...]
    stream: str
    lines: tuple[Told, ...]
    token: str
    note: str
    before: str = ""
    more: bool = False
    over: bool = True


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """How often something went wrong, by the label of the stream; `more` if not all of the log was looked at."""

    by_stream: Mapping[str, int]
    more: bool

    @property
    def total(self) -> int:
        """In all streams together."""
        return sum(self.by_stream.values())


@dataclass(frozen=True, slots=True)
class TextFile:
    """A log as a plain text that is read while it is sent."""

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
    """The end of the log; or what comes behind the place `token`, in front of `before`, or around the line `at`.

    `stream` is a label or ALL; without it, it is that of a failed job's data log, which names what failed, else of
    the instance that spoke last. `search` is a text as it stands in lines; both filters do nothing with `at`.
    """
    if job.accepted_at is None:
        return LogPage((), "", (), "", _why_none(job), over=job.is_terminal)
    with asked(job.connection) as target:
        streams = tuple(logs.streams(target, job.name))
        if not streams:
            return LogPage((), "", (), "", _why_none(job), over=_is_over(job))
        label = _choose(streams, stream, failed=job.state == JobState.FAILED)
        sought = _sought(label, search, errors and not at)
        if at:
            found = _around(target, job, _sought(label), at, limit)
        elif before:
            found = _back(target, job, sought, before, limit)
        elif token:
            found = _on(target, job, sought, token, limit)
        else:
            found = _back(target, job, sought, "", limit)
    lines, older, newer, more = found
    # Lines of a moment ago are shown once nothing can come between them.
    settled = _settled(job, sought)
    gone = not lines and not sought.is_filter and _had_lines(streams, label, settled)
    note = _gone(job, "the lines of this log") if gone else ""
    return LogPage(streams, label, lines, newer, note, older, more, over=_is_over(job) and not more)


def since(
    job: TransformJob, *, stream: str, search: str = "", errors: bool = False, token: str, limit: int = PAGE
) -> LogPage:
    """What was written behind `token`, without the streams that there are: a call fewer."""
    with asked(job.connection) as target:
        lines, older, newer, more = _on(target, job, _sought(stream, search, errors), token, limit)
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
    """The place of the next line that is sought behind `token`, or of the last in front of `before`.

    The second text is where to look on if nothing was found for long; both are empty if there is none.
    """
    with asked(job.connection) as target:
        sought = _sought(stream, search, errors)
        return log_reading.find(target, job, sought, place=before or token, backward=bool(before))


def streams(job: TransformJob) -> tuple[LogStream, ...]:
    """The job's streams, data logs first; empty until its first instance runs."""
    if job.accepted_at is None:
        return ()
    with asked(job.connection) as target:
        return tuple(logs.streams(target, job.name))


def count_errors(job: TransformJob) -> ErrorCounts:
    """What went wrong in each stream, as far as a few calls tell."""
    if job.accepted_at is None:
        return ErrorCounts({}, more=False)
    counts: Counter[str] = Counter()
    with asked(job.connection) as target:
        found = log_reading.batches(target, job, Sought(errors=True), size=PAGE)
        rest = ""
        for _, batch in zip(range(_COUNTING), found, strict=False):
            counts.update(line.stream for line in batch.lines if line.begins)
            rest = batch.place
    return ErrorCounts(counts, more=bool(rest))


def text_file(job: TransformJob, *, stream: str, search: str = "", errors: bool = False) -> TextFile:
    """The whole log, as it is read: a line's time, of all streams also its stream, and its text.

    The first part is read at once, so that what cannot be read raises here; later trouble is told in the text.
    """
    if stream != ALL:
        with asked(job.connection) as target:
            _choose(tuple(logs.streams(target, job.name)), stream, failed=False)
    written = _written(job, _sought(stream, search, errors))
    first = next(written, "")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{job.name}-{stream}.log")
    return TextFile(name, _going_on(first, written))


def first_errors(job: TransformJob) -> tuple[LogLine, ...]:
    """What the data logs said first of objects that failed, without the stamps SageMaker puts before it.

    A few lines of the first instance that has any; empty if none has, as when the container never started.
    """
    if job.accepted_at is None:
        return ()
    with asked(job.connection) as target:
        for said in log_ends.beginnings(target, logs.streams(target, job.name)):
            if found := [line for line in said if not _EMPTY.search(line.text)]:
                return tuple(found[:ERRORS])
    return ()


def last_words(job: TransformJob) -> tuple[LogLine, ...]:
    """The last lines of a failed job's data log; where that says nothing, of the container that spoke last."""
    if job.accepted_at is None:
        return ()
    with asked(job.connection) as target:
        streams = logs.streams(target, job.name)
        data_logs = [stream for stream in streams if stream.is_data_log]
        for said in log_ends.endings(target, data_logs, ERRORS):
            if any(logs.is_telling(line.text) for line in said):
                return tuple(said)
        spoken = [stream for stream in log_ends.containers(streams) if stream.last_event]
        latest = sorted(spoken, key=lambda stream: stream.last_spoke)[-1:]
        for said in log_ends.endings(target, latest, ERRORS):
            return tuple(said)
    return ()


_Found = tuple[tuple[Told, ...], str, str, bool]


def _back(target: Target, job: TransformJob, sought: Sought, place: str, limit: int) -> _Found:
    """Lines in front of a place, or the last ones: these, what is before and behind them, and if there is more."""
    until = None if place else _settled(job, sought)
    found = log_reading.read(target, job, sought, place=place, backward=True, until=until, limit=limit)
    if until is not None:
        newer = f"{until}-"
    else:
        newer = found.lines[-1].id if found.lines else place.partition("~")[0] or BEGINNING
    return found.lines, found.place, newer, bool(place)


def _on(target: Target, job: TransformJob, sought: Sought, place: str, limit: int) -> _Found:
    until = _settled(job, sought)
    found = log_reading.read(target, job, sought, place=place, until=until, limit=limit)
    here = place.partition("~")[0]
    newer = found.place or (found.lines[-1].id if found.lines else here)
    if not found.place and until is not None and until > int(newer.partition("-")[0]):
        newer = f"{until}-"
    older = (found.lines[0].id if found.lines else here) if here != BEGINNING else ""
    return found.lines, older, newer, bool(found.place)


def _around(target: Target, job: TransformJob, sought: Sought, at: str, limit: int) -> _Found:
    earlier = log_reading.read(target, job, sought, place=at, backward=True, limit=min(CONTEXT, limit - 1))
    start = earlier.lines[-1].id if earlier.lines else f"{int(at.partition('-')[0]) - 1}-"
    lines, _, newer, more = _on(target, job, sought, start, limit - len(earlier.lines))
    return (*earlier.lines, *lines), earlier.place, newer, more


def _sought(label: str, search: str = "", errors: bool = False) -> Sought:
    return Sought("" if label == ALL else label, search, errors)


def _settled(job: TransformJob, sought: Sought) -> int | None:
    """Up to when, in milliseconds, all lines are there; None where nothing can come between those that are."""
    if _is_over(job) or (sought.stream and not sought.is_filter):
        return None
    wait = _SETTLED_ENGINE if job.connection.is_engine else _SETTLED
    return int((timezone.now() - wait).timestamp() * 1000)


def _is_over(job: TransformJob) -> bool:
    return job.is_terminal and timezone.now() - (job.ended_at or job.changed_at) > _QUIET


def _written(job: TransformJob, sought: Sought) -> Iterator[str]:
    with asked(job.connection) as target:
        for batch in log_reading.batches(target, job, sought, size=10_000):
            yield "".join(_as_text(line, with_stream=not sought.stream) for line in batch.lines)


def _as_text(line: Told, *, with_stream: bool) -> str:
    return f"{_stamp(line.at)} {line.stream + ' ' if with_stream else ''}{line.text}\n"


def _stamp(at: datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _going_on(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    try:
        yield from rest
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


def _gone(job: TransformJob, what: str) -> str:
    if job.connection.is_engine:
        return f"{job.connection.name} no longer has {what}."
    return f"CloudWatch no longer has {what}: it keeps one as long as its group's retention says."


def _had_lines(streams: tuple[LogStream, ...], label: str, until: int | None) -> bool:
    """Whether the stream, or any of all, had its last line by then (milliseconds), None for whenever."""
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
    wanted = [stream for stream in spoken if stream.is_data_log == failed]
    return max(wanted or spoken, key=lambda stream: stream.last_spoke, default=streams[0]).label
