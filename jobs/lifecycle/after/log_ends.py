"""The lines of a job's log that say most in a few calls: what data logs said first, and what was said last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aws import Target, logs
from aws.logs import LogLine, LogStream

#: Streams looked at of each kind, and lines of a beginning: every stream costs a call.
STREAMS, _FIRST_LINES = 5, 500


def beginnings(
    target: Target, streams: Sequence[LogStream], *, most: int = STREAMS, limit: int = _FIRST_LINES
) -> Iterator[list[LogLine]]:
    """What each of `most` data logs said first of objects and failures, without stamps. Raises GatewayError."""
    for stream in [stream for stream in streams if stream.is_data_log][:most]:
        said = logs.lines(target, stream.name, limit=limit, from_start=True)
        yield [line for line in _bare(said) if logs.is_telling(line.text)]


def endings(target: Target, streams: Sequence[LogStream], limit: int) -> Iterator[list[LogLine]]:
    """The last `limit` lines of each of these streams, without stamps. Raises GatewayError."""
    for stream in streams[:STREAMS]:
        yield _bare(logs.lines(target, stream.name, limit=limit))


def containers(streams: Sequence[LogStream]) -> list[LogStream]:
    """The streams in which the model's containers speak."""
    return [stream for stream in streams if not stream.is_data_log]


def _bare(lines: Sequence[LogLine]) -> list[LogLine]:
    return [replace(line, text=logs.bare(line.text)) for line in lines]
