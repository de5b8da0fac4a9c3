"""Writing CloudWatch Logs: CreateLogGroup, CreateLogStream, PutLogEvents."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import Any

from engine.errors import ServiceError, not_implemented
from engine.operations.context import Context
from engine.operations.logs import EVENT_OVERHEAD, find_group, invalid_parameter, no_stream
from engine.operations.table import operation

_HOUR_MS = 3_600_000
#: The limits of a batch, from the API reference of PutLogEvents.
_MAX_BATCH_BYTES = 1_048_576
_MAX_SPAN_MS = 24 * _HOUR_MS
_OLDEST_MS, _NEWEST_MS = 14 * 24 * _HOUR_MS, 2 * _HOUR_MS
#: Sequence tokens have had no meaning since 2023, but clients read one.
_SEQUENCE_TOKEN = "49" + "0" * 54


@operation("logs", "CreateLogGroup")
def create_log_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a group."""
    for name in ("kmsKeyId", "tags"):
        if params.get(name):
            raise not_implemented("logs", f"CreateLogGroup with {name}")
    if not ctx.store.logs.create_group(params["logGroupName"]):
        raise _exists("group")
    return {}


@operation("logs", "CreateLogStream")
def create_log_stream(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a stream without events."""
    group, stream = find_group(ctx, params), params["logStreamName"]
    if ctx.store.logs.has_stream(group, stream):
        raise _exists("stream")
    ctx.store.logs.append(group, stream, [])
    return {}


@operation("logs", "PutLogEvents")
def put_log_events(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add events to a stream, but for those that are too old or too far in the future, which the answer names."""
    group, stream = find_group(ctx, params), params["logStreamName"]
    if not ctx.store.logs.has_stream(group, stream):
        raise no_stream()
    events = [(event["timestamp"], event["message"]) for event in params["logEvents"]]
    times = [timestamp for timestamp, _ in events]
    _check_batch(events, times)
    now = int(time.time() * 1000)
    first, end = bisect_left(times, now - _OLDEST_MS), bisect_left(times, now + _NEWEST_MS + 1)
    ctx.store.logs.append(group, stream, events[first:end])
    refused = {
        **({"tooOldLogEventEndIndex": first} if first else {}),
        **({"tooNewLogEventStartIndex": end} if end < len(events) else {}),
    }
    return {
        "nextSequenceToken": _SEQUENCE_TOKEN,
        **({"rejectedLogEventsInfo": refused} if refused else {}),
    }


def _check_batch(events: list[tuple[int, str]], times: list[int]) -> None:
    size = sum(len(message.encode()) + EVENT_OVERHEAD for _, message in events)
    if size > _MAX_BATCH_BYTES:
        raise invalid_parameter(f"Upload too large: {size} bytes exceeds limit of {_MAX_BATCH_BYTES}")
    if times != sorted(times):
        raise invalid_parameter("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > _MAX_SPAN_MS:
        raise invalid_parameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )


def _exists(kind: str) -> ServiceError:
    return ServiceError("ResourceAlreadyExistsException", f"The specified log {kind} already exists")
