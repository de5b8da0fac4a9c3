"""EventBridge Scheduler's groups of schedules, and their tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from engine.config import Config
from engine.errors import ServiceError, validation_error
from engine.operations.context import Context
from engine.operations.paging import make_token, read_token
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store.clock import now
from engine.store.schedules import GroupRow

#: The group of schedules that name none. It always exists.
DEFAULT_GROUP = "default"
_PAGE = 100
_Row = TypeVar("_Row")


@operation("scheduler", "CreateScheduleGroup")
def create_schedule_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a group."""
    moment = now()
    arn = group_arn(ctx.config, params["Name"])
    row = GroupRow(params["Name"], moment, moment)
    if not ctx.store.schedules.create_group(row, arn, tag_mapping(params.get("Tags", []))):
        raise ServiceError("ConflictException", f"Schedule group {params['Name']} already exists.", 409)
    return {"ScheduleGroupArn": arn}


@operation("scheduler", "GetScheduleGroup")
def get_schedule_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a group."""
    return _described(ctx.config, find_group(ctx, params["Name"]))


@operation("scheduler", "ListScheduleGroups")
def list_schedule_groups(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The groups that the caller may use, by name."""
    prefix = params.get("NamePrefix", "")
    rows = [
        row
        for row in ctx.store.schedules.groups()
        if row.name.startswith(prefix) and (row.name == DEFAULT_GROUP or ctx.scope.allows_job(row.name))
    ]
    rows, more = next_page(params, rows, lambda row: [row.name], "schedule-groups")
    return {"ScheduleGroups": [_described(ctx.config, row) for row in rows], **more}


@operation("scheduler", "DeleteScheduleGroup")
def delete_schedule_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a group with all its schedules."""
    name = params["Name"]
    if name == DEFAULT_GROUP:
        raise validation_error("The default schedule group cannot be deleted.")
    find_group(ctx, name)
    prefix = group_arn(ctx.config, name).replace(":schedule-group/", ":schedule/")
    arns = {row.name: f"{prefix}/{row.name}" for row in ctx.store.schedules.list(name)}
    ctx.store.schedules.delete_group(name, group_arn(ctx.config, name), arns)
    return {}


@operation("scheduler", "TagResource")
def tag_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a group."""
    ctx.store.tags.add(_tagged(ctx, params), tag_mapping(params["Tags"]))
    return {}


@operation("scheduler", "UntagResource")
def untag_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a group."""
    ctx.store.tags.remove(_tagged(ctx, params), params["TagKeys"])
    return {}


@operation("scheduler", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The tags of a group."""
    tags = ctx.store.tags.list(_tagged(ctx, params))
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def group_arn(config: Config, name: str) -> str:
    """The ARN of the group with that name."""
    return f"arn:aws:scheduler:{config.region}:{config.account_id}:schedule-group/{name}"


def find_group(ctx: Context, name: str) -> GroupRow:
    """The group with that name. Raises ServiceError(ResourceNotFoundException)."""
    row = ctx.store.schedules.group(name)
    if row is None:
        raise no_such_resource(f"Schedule group {name} does not exist.")
    return row


def no_such_resource(message: str) -> ServiceError:
    """Scheduler's error for an unknown resource."""
    return ServiceError("ResourceNotFoundException", message, 404)


def next_page(
    params: Mapping[str, Any], rows: list[_Row], position: Callable[[_Row], list[str]], listing: str
) -> tuple[list[_Row], dict[str, Any]]:
    """A page of rows that are sorted by their positions, and {"NextToken": …} if more follow."""
    limit = params.get("MaxResults", _PAGE)
    if token := params.get("NextToken"):
        after = read_token(listing, token, (str,) * (2 if listing == "schedules" else 1))
        if after is None:
            raise validation_error("Invalid NextToken.")
        rows = [row for row in rows if position(row) > after]
    more = {"NextToken": make_token(listing, position(rows[limit - 1]))} if len(rows) > limit else {}
    return rows[:limit], more


def _described(config: Config, row: GroupRow) -> dict[str, Any]:
    return {
        "Arn": group_arn(config, row.name),
        "Name": row.name,
        "State": "ACTIVE",
        "CreationDate": row.created,
        "LastModificationDate": row.modified,
    }


def _tagged(ctx: Context, params: dict[str, Any]) -> str:
    arn = str(params["ResourceArn"])
    find_group(ctx, arn.rpartition("/")[2])
    return arn
