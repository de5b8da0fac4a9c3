"""Checks of container definitions in models and model packages."""

from __future__ import annotations

from typing import Any

from engine.errors import validation_error
from engine.operations.context import Context
from transform.keys import parse_s3_uri


def check_artifacts(ctx: Context, container: dict[str, Any]) -> None:
    """Raises ServiceError(ValidationException) if the container has no Image or its model data does not exist."""
    if "Image" not in container:
        raise validation_error("Each container needs an Image.")
    url = container.get("ModelDataUrl")
    if url is not None and not _is_object(ctx, url):
        raise validation_error(f"Could not find model data at {url}.")


def _is_object(ctx: Context, url: str) -> bool:
    try:
        bucket, key = parse_s3_uri(url)
    except ValueError:
        return False
    return bool(key) and ctx.objects.head(bucket, key) is not None
