"""EventBridge Scheduler's schedules: CreateSchedule, UpdateSchedule, GetSchedule, ListSchedules, DeleteSchedule."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from engine.config import Config
from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.due_times import schedule_due
from engine.operations.pipeline_targets import target_problem
from engine.operations.schedule_groups import DEFAULT_GROUP, find_group, next_page, no_such_resource
from engine.operations.table import operation
from engine.store.clock import now
from engine.store.schedules import ScheduleRow
from transform.schedule_expressions import BadExpression, parse_expression

#: Seconds that a StartDate may lie in the past.
_LATEST_START = 300.0
_DATES = ("StartDate", "EndDate")
#: Members whose change starts a rate anew.
_PHASE = ("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate")


@operation("scheduler", "CreateSchedule")
def create_schedule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a schedule in a group."""
    row = _row(ctx, params, None)
    arn = schedule_arn(ctx.config, row.group, row.name)
    if not ctx.store.schedules.create(row, arn, schedule_due(row, row.since - 0.001)):
        raise ServiceError("ConflictException", f"Schedule {row.name} already exists.", 409)
    return {"ScheduleArn": arn}


@operation("scheduler", "UpdateSchedule")
def update_schedule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replace all of a schedule: what the request leaves out gets its default."""
    before = find_schedule(ctx, params)
    row = _row(ctx, params, before)
    arn = schedule_arn(ctx.config, row.group, row.name)
    after = row.since - 0.001 if row.since != before.since else time.time()
    if not ctx.store.schedules.replace(row, arn, schedule_due(row, after)):
        raise no_such_resource(f"Schedule {row.name} does not exist.")
    return {"ScheduleArn": arn}


@operation("scheduler", "GetSchedule")
def get_schedule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a schedule, with Scheduler's defaults."""
    row = find_schedule(ctx, params)
    defaults = {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"}
    target = {
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
        **row.request["Target"],
    }
    return {**defaults, **row.request, "Target": target, **_dates(ctx.config, row)}


@operation("scheduler", "ListSchedules")
def list_schedules(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The schedules that the caller may use, by group and name."""
    if "GroupName" in params:
        find_group(ctx, params["GroupName"])
    prefix, state = params.get("NamePrefix", ""), params.get("State")
    rows = [
        row
        for row in ctx.store.schedules.list(params.get("GroupName"))
        if ctx.scope.allows_job(row.name)
        and row.name.startswith(prefix)
        and state in (None, row.request.get("State", "ENABLED"))
    ]
    rows, more = next_page(params, rows, lambda row: [row.group, row.name], "schedules")
    return {"Schedules": [_summary(ctx.config, row) for row in rows], **more}


@operation("scheduler", "DeleteSchedule")
def delete_schedule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a schedule."""
    row = find_schedule(ctx, params)
    ctx.store.schedules.delete(row.group, row.name, schedule_arn(ctx.config, row.group, row.name))
    return {}


def schedule_arn(config: Config, group: str, name: str) -> str:
    """The ARN of the schedule with that name in the group."""
    return f"arn:aws:scheduler:{config.region}:{config.account_id}:schedule/{group}/{name}"


def find_schedule(ctx: Context, params: Mapping[str, Any]) -> ScheduleRow:
    """The schedule that the parameters name. Raises ServiceError(ResourceNotFoundException)."""
    row = ctx.store.schedules.get(params.get("GroupName", DEFAULT_GROUP), params["Name"])
    if row is None:
        raise no_such_resource(f"Schedule {params['Name']} does not exist.")
    return row


def _row(ctx: Context, params: Mapping[str, Any], before: ScheduleRow | None) -> ScheduleRow:
    """The row of a checked request. Raises ServiceError(ValidationException)."""
    group = params.get("GroupName", DEFAULT_GROUP)
    find_group(ctx, group)
    request = {key: value for key, value in params.items() if key not in ("ClientToken", *_DATES)}
    request |= {key: params[key].timestamp() for key in _DATES if key in params}
    _check_expression(request)
    _check_window(request["FlexibleTimeWindow"])
    if problem := target_problem(ctx.config, request["Target"]):
        raise validation_error(f"Invalid Target: {problem}")
    moment = now()
    same = before is not None and all(before.request.get(key) == request.get(key) for key in _PHASE)
    if not same:
        _check_dates(request, moment)
    since = before.since if before is not None and same else moment
    created = before.created if before is not None else moment
    owner = (ctx.caller or ctx.credentials.root).arn
    return ScheduleRow(group, params["Name"], request, since, created, moment, owner, ctx.scope)


def _check_expression(request: Mapping[str, Any]) -> None:
    try:
        parse_expression(request["ScheduleExpression"])
    except BadExpression as error:
        raise validation_error(
            f"Invalid Schedule Expression {request['ScheduleExpression']}. {error}"
        ) from None
    zone = request.get("ScheduleExpressionTimezone", "UTC")
    if zone not in available_timezones():
        raise validation_error(
            f"Invalid ScheduleExpressionTimezone {zone!r}: write one such as UTC or Europe/Berlin."
        )
    if "KmsKeyArn" in request:
        raise validation_error("The embedded engine encrypts no schedules: leave KmsKeyArn out.")


def _check_window(window: Mapping[str, Any]) -> None:
    if window["Mode"] == "FLEXIBLE" and "MaximumWindowInMinutes" not in window:
        raise validation_error(
            "MaximumWindowInMinutes is required for a FlexibleTimeWindow with the Mode FLEXIBLE."
        )
    if window["Mode"] == "OFF" and "MaximumWindowInMinutes" in window:
        raise validation_error(
            "MaximumWindowInMinutes is not allowed for a FlexibleTimeWindow with the Mode OFF."
        )


def _check_dates(request: Mapping[str, Any], moment: float) -> None:
    start, end = request.get("StartDate"), request.get("EndDate")
    if start is not None and start < moment - _LATEST_START:
        raise validation_error("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= moment:
        raise validation_error("The EndDate you specify must come after the current time.")
    if start is not None and end is not None and end <= start:
        raise validation_error("The EndDate you specify must come after the StartDate.")


def _summary(config: Config, row: ScheduleRow) -> dict[str, Any]:
    return {
        **_dates(config, row),
        "Name": row.name,
        "State": row.request.get("State", "ENABLED"),
        "Target": {"Arn": row.request["Target"]["Arn"]},
    }


def _dates(config: Config, row: ScheduleRow) -> dict[str, Any]:
    return {
        "Arn": schedule_arn(config, row.group, row.name),
        "GroupName": row.group,
        "CreationDate": row.created,
        "LastModificationDate": row.modified,
    }
