"""Tags of models, package groups, packages, jobs and pipelines: AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from engine.errors import ServiceError, validation_error
from engine.operations.arns import Resource, parse_resource
from engine.operations.context import Context
from engine.operations.table import operation

#: Maximum tags of a resource (API reference of CreateTransformJob's Tags).
_LIMIT = 50


def tag_mapping(tags: list[dict[str, str]]) -> dict[str, str]:
    """Convert a list of {"Key", "Value"} to a dict.

    Raises ServiceError(ValidationException) for a repeated key or one that AWS reserves.
    """
    mapping: dict[str, str] = {}
    for tag in tags:
        key = tag["Key"]
        if key in mapping:
            raise validation_error(f"Tag keys must be unique, {key!r} is given twice.")
        if key.lower().startswith("aws:"):
            raise validation_error("aws: prefixed tag key names are not allowed for external use.")
        mapping[key] = tag["Value"]
    return mapping


@operation("sagemaker", "AddTags")
def add_tags(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Add tags to a resource, replacing those with the same key; answers with all its tags."""
    arn = _existing(ctx, params["ResourceArn"])
    new = tag_mapping(params["Tags"])
    if len(ctx.store.tags.list(arn) | new) > _LIMIT:
        raise ServiceError("ResourceLimitExceeded", f"A resource can have at most {_LIMIT} tags.")
    ctx.store.tags.add(arn, new)
    return {"Tags": _tag_list(ctx, arn)}


@operation("sagemaker", "ListTags")
def list_tags(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A resource's tags in one page: even the smallest page holds as many tags as a resource can have."""
    arn = _existing(ctx, params["ResourceArn"])
    if params.get("NextToken"):
        raise validation_error("Invalid NextToken.")
    return {"Tags": _tag_list(ctx, arn)}


@operation("sagemaker", "DeleteTags")
def delete_tags(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a resource; unknown keys are ignored."""
    ctx.store.tags.remove(_existing(ctx, params["ResourceArn"]), params["TagKeys"])
    return {}


def _tag_list(ctx: Context, arn: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in ctx.store.tags.list(arn).items()]


def _existing(ctx: Context, arn: str) -> str:
    """The ARN as it is stored. Raises ServiceError(ValidationException) for an unknown resource."""
    resource = parse_resource(ctx.config, arn)
    row = None if resource is None else _find(ctx, resource)
    if row is None:
        raise validation_error(f'Could not find resource "{arn}".')
    return row.arn


class _Row(Protocol):
    @property
    def arn(self) -> str: ...


def _find(ctx: Context, resource: Resource) -> _Row | None:
    lookups: dict[str, Callable[[str], _Row | None]] = {
        "model": ctx.store.models.get,
        "model-package": ctx.store.packages.by_path,
        "model-package-group": ctx.store.packages.group,
        "pipeline": ctx.store.pipelines.get,
        "processing-job": ctx.store.processing.get,
        "transform-job": ctx.store.jobs.get,
    }
    return lookups[resource.kind](resource.name) if resource.kind in lookups else None
