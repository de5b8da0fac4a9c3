"""S3 buckets: creating, listing, deleting."""

from __future__ import annotations

import re
from typing import Any

from botocore.model import StringShape

from engine.aws_models import service_model
from engine.errors import ServiceError, invalid_argument
from engine.operations.context import Context
from engine.operations.listing import key_of_token, token_of_key
from engine.operations.table import operation

# "Bucket naming rules" in the S3 user guide: 3 to 63 lower-case letters, digits, dots and hyphens, no IP address, and
# the beginnings and endings that S3 keeps for itself.
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDINGS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_MOST_BUCKETS = 10_000
#: The region that S3 writes as an empty text.
_DEFAULT_REGION = "us-east-1"


@operation("s3", "CreateBucket")
def create_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create a bucket. Creating it again succeeds, as in us-east-1."""
    bucket = params["Bucket"]
    if not _is_bucket_name(bucket):
        raise ServiceError(
            "InvalidBucketName", "The specified bucket is not valid.", extra={"BucketName": bucket}
        )
    region = _region_of(params.get("CreateBucketConfiguration", {}).get("LocationConstraint", ""))
    ctx.objects.create_bucket(bucket, region)
    in_default_region = (region or ctx.config.region) == _DEFAULT_REGION
    location = f"/{bucket}" if in_default_region else f"http://{bucket}.s3.amazonaws.com/"
    return {"Location": location, "BucketArn": _arn(bucket)}


def _is_bucket_name(name: str) -> bool:
    if not _NAME.fullmatch(name) or ".." in name or _ADDRESS.fullmatch(name):
        return False
    return not name.startswith(_RESERVED_BEGINNINGS) and not name.endswith(_RESERVED_ENDINGS)


def _region_of(constraint: str) -> str:
    """The region of a LocationConstraint; empty for none. Raises InvalidLocationConstraint.

    us-east-1 is the region of a bucket without a constraint, and no constraint itself.
    """
    shape = service_model("s3").shape_for("BucketLocationConstraint")
    assert isinstance(shape, StringShape)
    if constraint and constraint not in shape.enum:
        raise ServiceError(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            extra={"LocationConstraint": constraint},
        )
    return constraint


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


@operation("s3", "HeadBucket")
def head_bucket(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Check that a bucket exists; answers with its region."""
    region = ctx.objects.bucket_region(params["Bucket"])
    return {"BucketRegion": region or ctx.config.region, "BucketArn": _arn(params["Bucket"])}


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
        message = f"MaxBuckets must be between 1 and {_MOST_BUCKETS}."
        raise invalid_argument(message, "max-buckets", str(limit))
    after = key_of_token(params.get("ContinuationToken", ""))
    buckets = [
        bucket
        for bucket in ctx.objects.buckets()
        if bucket.name.startswith(prefix) and bucket.name > after and ctx.scope.touches(bucket.name)
    ]
    page = buckets[:limit]
    return {
        "Buckets": [
            {
                "Name": bucket.name,
                "CreationDate": bucket.created,
                "BucketRegion": bucket.region or ctx.config.region,
                "BucketArn": _arn(bucket.name),
            }
            for bucket in page
        ],
        "Owner": ctx.owner,
        "Prefix": prefix or None,
        "ContinuationToken": token_of_key(page[-1].name) if len(buckets) > len(page) else None,
    }


@operation("s3", "GetBucketLocation")
def get_bucket_location(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The bucket's region; S3 writes us-east-1 as an empty text."""
    region = ctx.objects.bucket_region(params["Bucket"]) or ctx.config.region
    return {"LocationConstraint": "" if region == _DEFAULT_REGION else region}


@operation("s3", "GetBucketVersioning")
def get_bucket_versioning(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An answer without a status: versioning was never enabled."""
    ctx.objects.check_bucket(params["Bucket"])
    return {}
