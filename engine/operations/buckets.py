"""Buckets."""

from __future__ import annotations

import re
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context

# "Bucket naming rules" in the S3 user guide: 3 to 63 lower-case letters, digits, dots and hyphens.
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def create_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Make a bucket. Making one that is there already is harmless, as in us-east-1."""
    bucket = params["Bucket"]
    if not _NAME.fullmatch(bucket) or ".." in bucket:
        raise ServiceError(
            "InvalidBucketName", "The specified bucket is not valid.", extra={"BucketName": bucket}
        )
    ctx.objects.create_bucket(bucket)
    return {"Location": f"/{bucket}"}


def head_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Whether a bucket is there, and its region."""
    ctx.objects.check_bucket(params["Bucket"])
    return {"BucketRegion": ctx.config.region}


def delete_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an empty bucket."""
    ctx.objects.delete_bucket(params["Bucket"])
    return {"StatusCode": 204}


def list_buckets(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Every bucket, by name."""
    prefix = params.get("Prefix", "")
    buckets = [
        {"Name": name, "CreationDate": created}
        for name, created in ctx.objects.buckets()
        if name.startswith(prefix)
    ]
    owner = {"ID": ctx.config.account_id, "DisplayName": "batchdeck"}
    return {"Buckets": buckets, "Owner": owner}


def get_bucket_location(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The bucket's region; us-east-1 is written as nothing at all."""
    ctx.objects.check_bucket(params["Bucket"])
    region = ctx.config.region
    return {"LocationConstraint": "" if region == "us-east-1" else region}


def get_bucket_versioning(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Versions are not kept, and were never switched on: an answer without a status says just that."""
    ctx.objects.check_bucket(params["Bucket"])
    return {}
