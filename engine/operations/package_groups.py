"""The registry's groups: CreateModelPackageGroup, DescribeModelPackageGroup, ListModelPackageGroups, Delete….

Unlike models and jobs they are listed in ascending order by default (API reference).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.errors import ServiceError, validation_error
from engine.operations.arns import package_group_arn, resource_name
from engine.operations.context import Context
from engine.operations.paging import list_page
from engine.operations.table import operation
from engine.operations.tags import tag_mapping
from engine.store.clock import now
from engine.store.packages import PackageGroupRow, PackageOrder, group_position

_ORDER_TYPES: dict[PackageOrder, tuple[type, ...]] = {"Name": (str,), "CreationTime": (float, str)}


@operation("sagemaker", "CreateModelPackageGroup")
def create_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a group without versions."""
    name = params["ModelPackageGroupName"]
    arn = package_group_arn(ctx.config, name)
    request = {key: value for key, value in params.items() if key != "Tags"}
    if not ctx.store.packages.create_group(
        PackageGroupRow(name, arn, request, now()), tag_mapping(params.get("Tags", []))
    ):
        raise validation_error(f"Model Package Group already exists: {arn}")
    return {"ModelPackageGroupArn": arn}


@operation("sagemaker", "DescribeModelPackageGroup")
def describe_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Describe a group."""
    row = find_group(ctx, params["ModelPackageGroupName"])
    return {**_summary(row), "CreatedBy": {}}


@operation("sagemaker", "ListModelPackageGroups")
def list_groups(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """List the groups that the caller may use, by default oldest first."""
    if params.get("CrossAccountFilterOption") == "CrossAccount":
        return {"ModelPackageGroupSummaryList": []}
    rows, more = list_page(
        params,
        partial(ctx.store.packages.list_groups, names=ctx.scope.names),
        listing="model-package-groups",
        orders=_ORDER_TYPES,
        position=group_position,
        ascending=True,
    )
    return {"ModelPackageGroupSummaryList": [_summary(row) for row in rows], **more}


@operation("sagemaker", "DeleteModelPackageGroup")
def delete_group(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete a group without versions."""
    row = find_group(ctx, params["ModelPackageGroupName"])
    if not ctx.store.packages.delete_group(row.name):
        raise ServiceError(
            "ConflictException",
            f"Model Package Group cannot be deleted because it still contains Model Packages: {row.arn}",
        )
    ctx.store.tags.clear(row.arn)
    return {}


def find_group(ctx: Context, name_or_arn: str) -> PackageGroupRow:
    """The group with that name or ARN. Raises ServiceError(ValidationException)."""
    name = resource_name(ctx.config, "model-package-group", name_or_arn)
    row = ctx.store.packages.group(name) if name else None
    if row is None:
        arn = package_group_arn(ctx.config, name) if name else name_or_arn
        raise validation_error(f"ModelPackageGroup {arn} does not exist.")
    return row


def _summary(row: PackageGroupRow) -> dict[str, Any]:
    return {
        **row.request,
        "ModelPackageGroupArn": row.arn,
        "CreationTime": row.created,
        "ModelPackageGroupStatus": "Completed",
    }
