"""The registry's groups: CreateModelPackageGroup, DescribeModelPackageGroup, ListModelPackageGroups, Delete….

Their order is Ascending unless asked otherwise, unlike that of models and jobs; per the API reference.
"""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import named, package_group_arn
from engine.operations.context import Context
from engine.operations.paging import first_position, make_token
from engine.operations.tags import tag_mapping
from engine.store.clock import now
from engine.store.packages import GroupRow, PackageOrder, group_position

_ORDER_TYPES: dict[PackageOrder, tuple[type, ...]] = {"Name": (str,), "CreationTime": (float, str)}


def create_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Make a group, with no versions yet."""
    name = params["ModelPackageGroupName"]
    arn = package_group_arn(ctx.config, name)
    request = {key: value for key, value in params.items() if key != "Tags"}
    if not ctx.store.packages.create_group(
        GroupRow(name, arn, request, now()), tag_mapping(params.get("Tags", []))
    ):
        raise validation_error(f"Model Package Group already exists: {arn}")
    return {"ModelPackageGroupArn": arn}


def describe_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Everything about a group."""
    row = find_group(ctx, params["ModelPackageGroupName"])
    return {**_summary(row), "CreatedBy": {}}


def list_groups(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Groups, oldest first unless told otherwise."""
    sort_by: PackageOrder = params.get("SortBy", "CreationTime")
    ascending = params.get("SortOrder", "Ascending") == "Ascending"
    limit = params.get("MaxResults", 10)
    listing = f"model-package-groups:{sort_by}:{ascending}"
    after = first_position(params, listing, _ORDER_TYPES[sort_by])
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        return {"ModelPackageGroupSummaryList": []}
    rows = ctx.store.packages.list_groups(
        name_contains=params.get("NameContains"),
        created_after=seconds(params, "CreationTimeAfter"),
        created_before=seconds(params, "CreationTimeBefore"),
        sort_by=sort_by,
        ascending=ascending,
        limit=limit + 1,
        after=after,
    )
    answer: dict[str, Any] = {"ModelPackageGroupSummaryList": [_summary(row) for row in rows[:limit]]}
    if len(rows) > limit:
        answer["NextToken"] = make_token(listing, group_position(rows[limit - 1], sort_by))
    return answer


def delete_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a group that has no versions left."""
    row = find_group(ctx, params["ModelPackageGroupName"])
    if not ctx.store.packages.delete_group(row.name):
        raise ServiceError(
            "ConflictException",
            f"Model Package Group cannot be deleted because it still contains Model Packages: {row.arn}",
        )
    ctx.store.tags.clear(row.arn)
    return {}


def find_group(ctx: Context, name_or_arn: str) -> GroupRow:
    """The group of that name or ARN. Raises ServiceError(ValidationException) if there is none."""
    name = named(ctx.config, "model-package-group", name_or_arn)
    row = ctx.store.packages.group(name) if name else None
    if row is None:
        arn = package_group_arn(ctx.config, name) if name else name_or_arn
        raise validation_error(f"ModelPackageGroup {arn} does not exist.")
    return row


def seconds(params: dict[str, Any], name: str) -> float | None:
    """A point in time among the parameters, as epoch seconds; None if it is not given."""
    moment = params.get(name)
    return None if moment is None else moment.timestamp()


def _summary(row: GroupRow) -> dict[str, Any]:
    return {
        **row.request,
        "ModelPackageGroupArn": row.arn,
        "CreationTime": row.created,
        "ModelPackageGroupStatus": "Completed",
    }
