"""EventBridge's scheduled rules: PutRule, DescribeRule, ListRules, EnableRule, DisableRule, DeleteRule; their tags."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from engine.config import Config
from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.due_times import rule_due
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store.rules import RuleRow
from transform.schedule_expressions import BadExpression, parse_expression

_BUS = "default"
_PAGE = 100
_Row = TypeVar("_Row")


@operation("events", "PutRule")
def put_rule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create or replace a rule. A rate counts on unless the expression changes."""
    check_bus(ctx, params)
    request = {key: value for key, value in params.items() if key not in ("Tags", "EventBusName")}
    _check_rule(request)
    now = time.time()
    before = ctx.store.rules.get(params["Name"])
    tags = tag_mapping(params.get("Tags", []))
    same = before is not None and before.request["ScheduleExpression"] == request["ScheduleExpression"]
    since = before.since if before is not None and same else now
    row = RuleRow(params["Name"], rule_arn(ctx.config, params["Name"]), request, since)
    # Tags of an existing rule stay as they are (API reference).
    ctx.store.rules.put(row, rule_due(row, now), tags if before is None else {})
    return {"RuleArn": row.arn}


@operation("events", "DescribeRule")
def describe_rule(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a rule."""
    row = find_rule(ctx, params, "Name")
    return {**_described(row), "CreatedBy": ctx.config.account_id}


@operation("events", "ListRules")
def list_rules(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The rules that the caller may use, by name."""
    check_bus(ctx, params)
    prefix = params.get("NamePrefix", "")
    rows = [row for row in visible_rules(ctx) if row.name.startswith(prefix)]
    rows, more = page(params, rows, lambda row: row.name, "rules")
    return {"Rules": [_described(row) for row in rows], **more}


@operation("events", "EnableRule")
def enable_rule(ctx: Context, params: dict[str, Any]) -> None:
    """Enable a rule."""
    _set_state(ctx, params, "ENABLED")


@operation("events", "DisableRule")
def disable_rule(ctx: Context, params: dict[str, Any]) -> None:
    """Disable a rule."""
    _set_state(ctx, params, "DISABLED")


@operation("events", "DeleteRule")
def delete_rule(ctx: Context, params: dict[str, Any]) -> None:
    """Delete a rule without targets; an unknown one is none either."""
    check_bus(ctx, params)
    if not ctx.store.rules.delete(params["Name"]):
        raise validation_error("Rule can't be deleted since it has targets.")


@operation("events", "TagResource")
def tag_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a rule."""
    ctx.store.tags.add(_tagged(ctx, params), tag_mapping(params["Tags"]))
    return {}


@operation("events", "UntagResource")
def untag_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a rule."""
    ctx.store.tags.remove(_tagged(ctx, params), params["TagKeys"])
    return {}


@operation("events", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of a rule."""
    tags = ctx.store.tags.list(_tagged(ctx, params))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def rule_arn(config: Config, name: str) -> str:
    """The ARN of the rule with that name."""
    return f"arn:aws:events:{config.region}:{config.account_id}:rule/{name}"


def rule_name(arn: str) -> str:
    """The name in a rule's ARN."""
    return arn.rpartition(":rule/")[2]


def find_rule(ctx: Context, params: Mapping[str, Any], member: str) -> RuleRow:
    """The rule that this member of the parameters names. Raises ServiceError(ResourceNotFoundException)."""
    check_bus(ctx, params)
    row = ctx.store.rules.get(params[member])
    if row is None:
        raise not_found(f"Rule {params[member]} does not exist on EventBus {_BUS}.")
    return row


def visible_rules(ctx: Context) -> list[RuleRow]:
    """The rules that the caller may use, by name."""
    return [row for row in ctx.store.rules.list() if ctx.scope.allows_job(row.name)]


def check_bus(ctx: Context, params: Mapping[str, Any]) -> None:
    """Raises ServiceError(ResourceNotFoundException) for any but the default event bus."""
    bus = params.get("EventBusName", _BUS)
    if bus not in (_BUS, f"arn:aws:events:{ctx.config.region}:{ctx.config.account_id}:event-bus/{_BUS}"):
        raise not_found(f"Event bus {bus} does not exist; the embedded engine has the bus {_BUS} alone.")


def page(
    params: Mapping[str, Any], rows: list[_Row], name: Callable[[_Row], str], listing: str
) -> tuple[list[_Row], dict[str, Any]]:
    """A page of rows that are sorted by name, and {"NextToken": …} if more follow."""
    limit = params.get("Limit", _PAGE)
    if token := params.get("NextToken"):
        position = read_token(listing, token, (str,))
        if position is None:
            raise validation_error("The NextToken is invalid.")
        rows = [row for row in rows if name(row) > position[0]]
    more = {"NextToken": make_token(listing, [name(rows[limit - 1])])} if len(rows) > limit else {}
    return rows[:limit], more


def not_found(message: str) -> ServiceError:
    """EventBridge's error for an unknown resource."""
    return ServiceError("ResourceNotFoundException", message)


def _check_rule(request: Mapping[str, Any]) -> None:
    if "EventPattern" in request:
        raise validation_error(
            "The embedded engine sends no events to rules: EventPattern is not supported. Give a ScheduleExpression."
        )
    if "ScheduleExpression" not in request:
        raise validation_error("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if request.get("State") not in (None, "ENABLED", "DISABLED"):
        raise validation_error(
            f"The state {request['State']} needs an EventPattern; use ENABLED or DISABLED."
        )
    try:
        parse_expression(request["ScheduleExpression"], allow_at=False)
    except BadExpression as error:
        raise validation_error(f"Parameter ScheduleExpression is not valid. {error}") from None


def _set_state(ctx: Context, params: dict[str, Any], state: str) -> None:
    row = find_rule(ctx, params, "Name")
    row = replace(row, request={**row.request, "State": state})
    ctx.store.rules.put(row, rule_due(row, time.time()), {})


def _described(row: RuleRow) -> dict[str, Any]:
    return {**row.request, "State": row.state, "Arn": row.arn, "EventBusName": _BUS}


def _tagged(ctx: Context, params: dict[str, Any]) -> str:
    arn = params["ResourceARN"]
    if ctx.store.rules.by_arn(arn) is None:
        raise not_found(f"Resource {arn} does not exist.")
    return str(arn)
