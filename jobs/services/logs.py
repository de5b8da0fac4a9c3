"""What a job said while it ran. Raises Unavailable."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.gateway import logs
from jobs.gateway.logs import LogLine, LogStream
from jobs.models import TransformJob
from jobs.services.asking import asked
from jobs.services.errors import NotPossible
from jobs.states import JobState

PAGE = 500
#: Lines shown where the whole log is one step away.
ERRORS = 12
#: Each costs a call while somebody waits.
_INSTANCES_LOOKED_AT = 5
#: What the service writes around a model's answer: an object's name with nothing behind it, or with a heading.
_EMPTY = re.compile(r"^[^ ]*:( Message:)? *$")


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of one stream in order. `token` asks for what was written after them; `stream` is a label."""

    streams: tuple[LogStream, ...]
    stream: str
    lines: tuple[LogLine, ...]
    token: str
    note: str


def tail(job: TransformJob, *, stream: str = "", token: str = "", limit: int = PAGE) -> LogPage:
    """The end of a stream, or with `token` what came since.

    Without `stream`: of a failed job the data log, which names what failed; else the instance that spoke last.

    `stream` is a label from `streams`; NotPossible if the job has no such stream.
    """
    if job.accepted_at is None:
        return LogPage((), "", (), "", "No log yet: SageMaker does not have the job.")
    with asked(job.connection) as target:
        streams = logs.streams(target, job.name)
        if not streams:
            return LogPage((), "", (), "", "No log yet: it begins when the first instance runs.")
        chosen = _choose(streams, stream, failed=job.state == JobState.FAILED)
        found = logs.lines(target, chosen.name, token=token, limit=limit)
    return LogPage(tuple(streams), chosen.label, found.lines, found.next_token, "")


def first_errors(job: TransformJob) -> tuple[LogLine, ...]:
    """What the data logs said first of objects that failed, without the stamps SageMaker puts before it.

    A few lines of the first instance that has any; empty if none has, as when the container never started.
    """
    if job.accepted_at is None:
        return ()
    with asked(job.connection) as target:
        data_logs = [stream for stream in logs.streams(target, job.name) if stream.is_data_log]
        for stream in data_logs[:_INSTANCES_LOOKED_AT]:
            said = logs.lines(target, stream.name, limit=PAGE, from_start=True).lines
            bare = [LogLine(line.at, logs.bare(line.text)) for line in said]
            found = [line for line in bare if logs.is_telling(line.text) and not _EMPTY.search(line.text)]
            if found:
                return tuple(found[:ERRORS])
    return ()


def last_words(job: TransformJob) -> tuple[LogLine, ...]:
    """The last lines of a failed job's data log; where that says nothing, of the container that spoke last."""
    if job.accepted_at is None:
        return ()
    with asked(job.connection) as target:
        streams = logs.streams(target, job.name)
        data_logs = [stream for stream in streams if stream.is_data_log]
        containers = [stream for stream in streams if not stream.is_data_log]
        for stream in [*data_logs[:_INSTANCES_LOOKED_AT], *_latest(containers)]:
            said = logs.lines(target, stream.name, limit=ERRORS).lines
            bare = [LogLine(line.at, logs.bare(line.text)) for line in said]
            if not stream.is_data_log or any(logs.is_telling(line.text) for line in bare):
                return tuple(bare)
    return ()


def _latest(streams: list[LogStream]) -> list[LogStream]:
    """The stream that spoke last, as a list of one; none if none spoke."""
    spoken = [stream for stream in streams if stream.last_event is not None]
    return sorted(spoken, key=lambda s: s.last_event.timestamp() if s.last_event else 0.0)[-1:]


def _choose(streams: list[LogStream], label: str, *, failed: bool) -> LogStream:
    if label:
        for stream in streams:
            if stream.label == label:
                return stream
        raise NotPossible("This job has no such log stream.")
    spoken = [stream for stream in streams if stream.last_event is not None]
    wanted = [stream for stream in spoken if stream.is_data_log == failed]
    return max(
        wanted or spoken, key=lambda s: s.last_event.timestamp() if s.last_event else 0.0, default=streams[0]
    )
