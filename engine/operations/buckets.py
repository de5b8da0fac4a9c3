"""S3 buckets: creating, listing, deleting."""

from __future__ import annotations

import re
from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.listing import key_of_token, token_of_key
from engine.operations.table import operation

# "Bucket naming rules" in the S3 user guide: 3 to 63 lower-case letters, digits, dots and hyphens, no IP address.
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_MOST_BUCKETS = 10_000


@operation("s3", "CreateBucket")
def create_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a bucket. Creating it again succeeds, as in us-east-1."""
    bucket = params["Bucket"]
    if not _NAME.fullmatch(bucket) or ".." in bucket or _ADDRESS.fullmatch(bucket):
        raise ServiceError(
            "InvalidBucketName", "The specified bucket is not valid.", extra={"BucketName": bucket}
        )
    ctx.objects.create_bucket(bucket)
    return {"Location": f"/{bucket}"}


@operation("s3", "HeadBucket")
def head_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Check that a bucket exists; answers with its region."""
    ctx.objects.check_bucket(params["Bucket"])
    return {"BucketRegion": ctx.config.region}


@operation("s3", "DeleteBucket")
def delete_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete an empty bucket."""
    ctx.disk.ensure(lambda: ctx.objects.delete_bucket(params["Bucket"]))
    return {"StatusCode": 204}


@operation("s3", "ListBuckets")
def list_buckets(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The buckets that the caller may use, by name; in pages if MaxBuckets is set."""
    prefix, limit = params.get("Prefix", ""), params.get("MaxBuckets")
    if limit is not None and not 1 <= limit <= _MOST_BUCKETS:
        raise ServiceError("InvalidArgument", f"MaxBuckets must be between 1 and {_MOST_BUCKETS}.")
    after = key_of_token(params.get("ContinuationToken", ""))
    buckets = [
        (name, created)
        for name, created in ctx.objects.buckets()
        if name.startswith(prefix) and name > after and ctx.scope.touches(name)
    ]
    page = buckets[:limit]
    region = ctx.config.region
    return {
        "Buckets": [{"Name": name, "CreationDate": when, "BucketRegion": region} for name, when in page],
        "Owner": ctx.owner,
        "Prefix": prefix or None,
        "ContinuationToken": token_of_key(page[-1][0]) if len(buckets) > len(page) else None,
    }


@operation("s3", "GetBucketLocation")
def get_bucket_location(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The bucket's region; S3 writes us-east-1 as an empty text."""
    ctx.objects.check_bucket(params["Bucket"])
    region = ctx.config.region
    return {"LocationConstraint": "" if region == "us-east-1" else region}


@operation("s3", "GetBucketVersioning")
def get_bucket_versioning(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An answer without a status: versioning was never enabled."""
    ctx.objects.check_bucket(params["Bucket"])
    return {}
