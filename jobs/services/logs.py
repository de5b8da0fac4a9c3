"""What a job said while it ran. Raises Unavailable."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.gateway import logs
from jobs.gateway.logs import LogLine, LogStream
from jobs.models import TransformJob
from jobs.services.asking import asked
from jobs.services.errors import NotPossible

PAGE = 500


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of one stream in order. `token` asks for what was written after them; `stream` is a label."""

    streams: tuple[LogStream, ...]
    stream: str
    lines: tuple[LogLine, ...]
    token: str
    note: str


def tail(job: TransformJob, *, stream: str = "", token: str = "", limit: int = PAGE) -> LogPage:
    """The end of a stream, or with `token` what came since. Without `stream`, the instance that spoke last.

    `stream` is a label from `streams`; NotPossible if the job has no such stream.
    """
    if job.accepted_at is None:
        return LogPage((), "", (), "", "No log yet: SageMaker does not have the job.")
    with asked(job.connection) as target:
        streams = logs.streams(target, job.name)
        if not streams:
            return LogPage((), "", (), "", "No log yet: it begins when the first instance runs.")
        chosen = _choose(streams, stream)
        found = logs.lines(target, chosen.name, token=token, limit=limit)
    return LogPage(tuple(streams), chosen.label, found.lines, found.next_token, "")


def _choose(streams: list[LogStream], label: str) -> LogStream:
    if label:
        for stream in streams:
            if stream.label == label:
                return stream
        raise NotPossible("This job has no such log stream.")
    instances = [stream for stream in streams if not stream.label.endswith("data-log")]
    spoken = [stream for stream in instances if stream.last_event is not None]
    return max(spoken, key=lambda s: s.last_event.timestamp() if s.last_event else 0.0, default=streams[0])
