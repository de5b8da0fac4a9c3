"""Reading CloudWatch Logs: DescribeLogGroups, DescribeLogStreams, GetLogEvents, FilterLogEvents."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from engine.errors import ServiceError
from engine.operations.arns import log_group_arn
from engine.operations.context import Context
from engine.operations.log_patterns import UnsupportedPattern, compile_pattern
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.store.logs import EventRow, StreamOrder, StreamRow, stream_position

#: Bytes that an event counts besides its message (API reference).
EVENT_OVERHEAD = 26
#: Maximum bytes of a page.
_PAGE_BYTES = 1024 * 1024
_PAGE_EVENTS = 10_000

#: Events that FilterLogEvents examines for one page. If few of them match, the page is short or empty.
_SCAN_EVENTS = 20_000

#: Listing names in FilterLogEvents' tokens, and the earliest startTime for newest first (API reference).
_OLDEST_FIRST, _NEWEST_FIRST = "log-events", "log-events:newest"
_NEWEST_FIRST_SINCE = 1_704_067_200_000

#: GetLogEvents' tokens: the direction, then an event's timestamp and id.
_EVENT_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})")


@operation("logs", "DescribeLogGroups")
def describe_log_groups(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The log groups, by name."""
    prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
    if prefix and pattern:
        raise invalid_parameter("logGroupNamePrefix and logGroupNamePattern can not both be given.")
    limit = params.get("limit", 50)
    after = _after(params, "log-groups", (str,))
    rows = ctx.store.logs.groups(prefix=prefix, pattern=pattern, limit=limit + 1, after=after)
    groups = [
        {
            "logGroupName": row.name,
            "creationTime": row.created,
            "metricFilterCount": 0,
            "arn": log_group_arn(ctx.config, row.name) + ":*",
            "logGroupArn": log_group_arn(ctx.config, row.name),
            "logGroupClass": "STANDARD",
            "storedBytes": 0,
            **({"retentionInDays": row.retention_days} if row.retention_days else {}),
        }
        for row in rows[:limit]
    ]
    return _page("logGroups", groups, "log-groups", [rows[limit - 1].name] if len(rows) > limit else None)


@operation("logs", "DescribeLogStreams")
def describe_log_streams(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The streams of a group, by name or by time of the last event."""
    group = find_group(ctx, params)
    order: StreamOrder = params.get("orderBy", "LogStreamName")
    prefix = params.get("logStreamNamePrefix")
    if order == "LastEventTime" and prefix:
        raise invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    ascending = not params.get("descending", False)
    limit = params.get("limit", 50)
    listing = f"log-streams:{order}:{ascending}"
    rows = ctx.store.logs.streams(
        group,
        prefix=prefix,
        order_by=order,
        ascending=ascending,
        limit=limit + 1,
        after=_after(params, listing, (str,) if order == "LogStreamName" else (int, str)),
    )
    arn = log_group_arn(ctx.config, group)
    streams = [_stream(arn, row) for row in rows[:limit]]
    last = stream_position(rows[limit - 1], order) if len(rows) > limit else None
    return _page("logStreams", streams, listing, last)


@operation("logs", "GetLogEvents")
def get_log_events(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of one stream's events, oldest first, with the tokens of the next and the previous page.

    Both tokens are always present. At the end of a direction the answer repeats the request's token; used again later,
    it returns the events written since.
    """
    group, stream = find_group(ctx, params), params["logStreamName"]
    if not ctx.store.logs.has_stream(group, stream):
        raise no_stream()
    start, end = params.get("startTime"), params.get("endTime")
    direction, position = _event_position(params, start)
    rows = ctx.store.logs.events(
        group,
        stream,
        start=start,
        end=end,
        after=position if direction == "f" else None,
        before=position if direction == "b" else None,
        limit=params.get("limit", _PAGE_EVENTS),
        newest=direction == "b",
    )
    rows = _fitting(rows, from_end=direction == "b")
    forward, backward = _tokens(rows, direction, position, start)
    return {
        "events": [
            {"timestamp": row.timestamp, "message": row.message, "ingestionTime": row.ingested}
            for row in rows
        ],
        "nextForwardToken": forward,
        "nextBackwardToken": backward,
    }


@operation("logs", "FilterLogEvents")
async def filter_log_events(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The events of several streams that match a pattern, by time. Here `endTime` is inclusive.

    A token determines the direction, regardless of `startFromHead`.
    """
    # In a thread: examining many thousand lines would delay running jobs.
    return await asyncio.to_thread(_filter, ctx, params)


def _filter(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    group = find_group(ctx, params)
    start, end = params.get("startTime"), params.get("endTime")
    listing, after = _filter_position(params)
    newest_first = listing == _NEWEST_FIRST
    if newest_first and start is not None and start < _NEWEST_FIRST_SINCE:
        raise invalid_parameter("startFromHead=false needs a startTime on or after Jan 1, 2024 00:00:00 UTC.")
    matches = _matcher(params)
    events = ctx.store.logs.merged(
        group,
        streams=_named_streams(ctx, group, params),
        prefix=params.get("logStreamNamePrefix"),
        start=start,
        end=None if end is None else end + 1,
        after=after,
        newest_first=newest_first,
    )
    matching_events, position = _scan(events, matches, params.get("limit", _PAGE_EVENTS))
    answer = _page("events", [_filtered(row) for row in matching_events], listing, position)
    return {**answer, "searchedLogStreams": []}


def _filter_position(params: dict[str, Any]) -> tuple[str, list[Any] | None]:
    """The direction of a FilterLogEvents page, and the (timestamp, id) behind which it starts."""
    token = params.get("nextToken")
    if token is None:
        return (_OLDEST_FIRST if params.get("startFromHead", True) else _NEWEST_FIRST), None
    for listing in (_OLDEST_FIRST, _NEWEST_FIRST):
        if (position := read_token(listing, token, (int, int))) is not None:
            return listing, position
    raise invalid_parameter("The specified nextToken is invalid.")


def _scan(
    events: Iterator[EventRow], matches: Callable[[str], bool], limit: int
) -> tuple[list[EventRow], list[int] | None]:
    """The matching events that fit on a page, and the position to continue from; None at the end."""
    matching_events: list[EventRow] = []
    size = 0
    position: list[int] | None = None
    for row in islice(events, _SCAN_EVENTS):
        if matches(row.message):
            size += _size(row)
            if len(matching_events) == limit or (matching_events and size > _PAGE_BYTES):
                return matching_events, position
            matching_events.append(row)
        position = row.position
    return matching_events, position if next(events, None) is not None else None


def _named_streams(ctx: Context, group: str, params: dict[str, Any]) -> Iterable[str] | None:
    names: list[str] | None = params.get("logStreamNames")
    if names is None:
        return None
    if "logStreamNamePrefix" in params:
        raise invalid_parameter("logStreamNames and logStreamNamePrefix can not both be given.")
    if not all(ctx.store.logs.has_stream(group, name) for name in names):
        raise no_stream()
    return dict.fromkeys(names)


def _matcher(params: dict[str, Any]) -> Callable[[str], bool]:
    try:
        return compile_pattern(params.get("filterPattern", ""))
    except UnsupportedPattern as error:
        raise invalid_parameter(str(error)) from None


def _event_position(params: dict[str, Any], start: int | None) -> tuple[str, list[int] | None]:
    """The direction of a GetLogEvents page, "f" or "b", and the (timestamp, id) it starts from; None is the end."""
    token = params.get("nextToken")
    if token is None:
        return ("f", [start or 0, 0]) if params.get("startFromHead", False) else ("b", None)
    match = _EVENT_TOKEN.fullmatch(token)
    if match is None or int(match[2]) >= 2**63 or int(match[3]) >= 2**63:
        raise invalid_parameter("The specified nextToken is invalid.")
    return match[1], [int(match[2]), int(match[3])]


def _tokens(
    rows: list[EventRow], direction: str, position: list[int] | None, start: int | None
) -> tuple[str, str]:
    """The forward token, behind the page's last event, and the backward token, in front of its first."""
    if rows:
        return _token("f", rows[-1].position), _token("b", rows[0].position)
    timestamp, number = position or [start or 0, 0]
    # An empty page repeats the request's token; the opposite token must include the event at that position.
    if direction == "f":
        return _token("f", [timestamp, number]), _token("b", [timestamp, number + 1])
    return _token("f", [timestamp, max(number - 1, 0)]), _token("b", [timestamp, number])


def _token(direction: str, position: list[int]) -> str:
    return f"{direction}/{_event_id(position)}"


def _event_id(position: list[int]) -> str:
    timestamp, number = position
    return f"{timestamp:020d}{number:036d}"


def _fitting(rows: list[EventRow], *, from_end: bool) -> list[EventRow]:
    """The rows that fit on a page, at least one, from the start or the end."""
    size = 0
    ordered = rows[::-1] if from_end else rows
    for count, row in enumerate(ordered):
        size += _size(row)
        if count and size > _PAGE_BYTES:
            return rows[-count:] if from_end else rows[:count]
    return rows


def _size(row: EventRow) -> int:
    return len(row.message.encode()) + EVENT_OVERHEAD


def _stream(group_arn: str, row: StreamRow) -> dict[str, Any]:
    return {
        "logStreamName": row.name,
        "creationTime": row.created,
        "firstEventTimestamp": row.first_event,
        "lastEventTimestamp": row.last_event,
        "lastIngestionTime": row.last_ingestion,
        "arn": f"{group_arn}:log-stream:{row.name}",
        "storedBytes": 0,
    }


def _filtered(row: EventRow) -> dict[str, Any]:
    return {
        "logStreamName": row.stream,
        "timestamp": row.timestamp,
        "message": row.message,
        "ingestionTime": row.ingested,
        "eventId": _event_id(row.position),
    }


def find_group(ctx: Context, params: dict[str, Any]) -> str:
    """The name of the request's log group, which may be given as name or ARN.

    Raises ServiceError(ResourceNotFoundException) if it does not exist.
    """
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier", "")
    if bool(name) == bool(identifier):
        raise invalid_parameter("Exactly one of logGroupName and logGroupIdentifier must be given.")
    group: str = name or identifier.removeprefix(log_group_arn(ctx.config, "")).removesuffix(":*")
    if not ctx.store.logs.has_group(group):
        raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def _after(params: dict[str, Any], listing: str, like: tuple[type, ...]) -> list[Any] | None:
    token = params.get("nextToken")
    if token is None:
        return None
    position = read_token(listing, token, like)
    if position is None:
        raise invalid_parameter("The specified nextToken is invalid.")
    return position


def _page(field: str, items: list[Any], listing: str, position: list[Any] | None) -> dict[str, Any]:
    page: dict[str, Any] = {field: items}
    if position is not None:
        page["nextToken"] = make_token(listing, position)
    return page


def invalid_parameter(message: str) -> ServiceError:
    """The error for parameters that do not fit."""
    return ServiceError("InvalidParameterException", message)


def no_stream() -> ServiceError:
    """The error for an unknown stream."""
    return ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
