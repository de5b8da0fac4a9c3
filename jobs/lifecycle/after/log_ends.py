"""The most useful lines of a job's log in a few calls: the beginnings of data logs, and the ends of streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from aws import Target, logs
from aws.logs import LogLine, LogStream

#: The most streams of each kind, and the lines of a beginning. Every stream costs a call.
STREAMS, _FIRST_LINES = 5, 500


def beginnings(
    target: Target, streams: Sequence[LogStream], *, most: int = STREAMS, limit: int = _FIRST_LINES
) -> Iterator[list[LogLine]]:
    """The first lines about objects and failures in each of `most` data logs, without stamps. Raises GatewayError."""
    for stream in [stream for stream in streams if stream.is_data_log][:most]:
        first_lines = logs.lines(target, stream.name, limit=limit, from_start=True)
        yield [line for line in _bare(first_lines) if logs.is_telling(line.text)]


def endings(target: Target, streams: Sequence[LogStream], limit: int) -> Iterator[list[LogLine]]:
    """The last `limit` lines of the first few streams, without stamps. Raises GatewayError."""
    for stream in streams[:STREAMS]:
        yield _bare(logs.lines(target, stream.name, limit=limit))


def containers(streams: Sequence[LogStream]) -> list[LogStream]:
    """The streams that the model's containers write."""
    return [stream for stream in streams if not stream.is_data_log]


def _bare(lines: Sequence[LogLine]) -> list[LogLine]:
    return [replace(line, text=logs.bare(line.text)) for line in lines]
