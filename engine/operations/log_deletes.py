"""Deleting in CloudWatch Logs: DeleteLogStream, DeleteLogGroup, PutRetentionPolicy, DeleteRetentionPolicy."""

from __future__ import annotations

import asyncio
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.logs import find_group, no_stream
from engine.operations.table import operation

#: The days that PutRetentionPolicy accepts (API reference).
RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)


@operation("logs", "DeleteLogStream")
async def delete_log_stream(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a stream and its events."""
    group, stream = find_group(ctx, params), params["logStreamName"]
    if not ctx.store.logs.has_stream(group, stream):
        raise no_stream()
    await _delete(ctx, group, stream)
    return {}


@operation("logs", "DeleteLogGroup")
async def delete_log_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a group and its streams. A running job creates the group again with its next line."""
    group = find_group(ctx, params)
    for stream in ctx.store.logs.stream_names(group):
        await _delete(ctx, group, stream)
    ctx.store.logs.delete_group(group)
    return {}


@operation("logs", "PutRetentionPolicy")
def put_retention_policy(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Set a group's retention in days."""
    group, days = find_group(ctx, params), params["retentionInDays"]
    if days not in RETENTION_DAYS:
        raise ServiceError(
            "InvalidParameterException",
            f"retentionInDays must be one of {', '.join(map(str, sorted(RETENTION_DAYS)))}.",
        )
    ctx.store.logs.set_retention(group, days)
    return {}


@operation("logs", "DeleteRetentionPolicy")
def delete_retention_policy(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a group's retention, so that the engine's setting applies."""
    ctx.store.logs.set_retention(find_group(ctx, params), None)
    return {}


async def _delete(ctx: Context, group: str, stream: str) -> None:
    await asyncio.to_thread(ctx.store.logs.delete_events, group, stream)
    ctx.store.logs.delete_stream(group, stream)
