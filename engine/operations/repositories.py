"""ECR. The engine has no repositories: runtimes stand in for images, and scripts that look for one are told so."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.table import operation


@operation("ecr", "DescribeImages")
def describe_images(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Refuses every repository as unknown."""
    raise _not_found(ctx, params["repositoryName"])


@operation("ecr", "DescribeRepositories")
def describe_repositories(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An empty list; a repository that is named is unknown."""
    for name in params.get("repositoryNames", []):
        raise _not_found(ctx, name)
    return {"repositories": []}


def _not_found(ctx: Context, name: str) -> ServiceError:
    return ServiceError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{ctx.config.account_id}'",
    )
