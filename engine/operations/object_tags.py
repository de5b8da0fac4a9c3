"""Tags of S3 objects and buckets."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError
from engine.operations.context import Context
from engine.operations.header_tags import MOST_OF_AN_OBJECT, checked_tags
from engine.operations.objects import find_object
from engine.operations.table import operation

# The API reference of PutBucketTagging.
_MOST_OF_A_BUCKET = 50


@operation("s3", "GetObjectTagging")
def get_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An object's tags."""
    return {"TagSet": _tag_set(find_object(ctx, params).tags)}


@operation("s3", "PutObjectTagging")
def put_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replace an object's tags."""
    tags = _tags(params, MOST_OF_AN_OBJECT)
    ctx.objects.set_tags(find_object(ctx, params), tags)
    return {}


@operation("s3", "DeleteObjectTagging")
def delete_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an object's tags."""
    ctx.objects.set_tags(find_object(ctx, params), {})
    return {"StatusCode": 204}


@operation("s3", "GetBucketTagging")
def get_bucket_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A bucket's tags. Raises NoSuchTagSet without any."""
    tags = ctx.objects.bucket_tags(params["Bucket"])
    if not tags:
        raise ServiceError(
            "NoSuchTagSet", "The TagSet does not exist", 404, extra={"BucketName": params["Bucket"]}
        )
    return {"TagSet": _tag_set(tags)}


@operation("s3", "PutBucketTagging")
def put_bucket_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replace a bucket's tags."""
    ctx.objects.set_bucket_tags(params["Bucket"], _tags(params, _MOST_OF_A_BUCKET))
    return {"StatusCode": 204}


@operation("s3", "DeleteBucketTagging")
def delete_bucket_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a bucket's tags."""
    ctx.objects.set_bucket_tags(params["Bucket"], {})
    return {"StatusCode": 204}


def _tags(params: dict[str, Any], limit: int) -> dict[str, str]:
    return checked_tags([(tag["Key"], tag["Value"]) for tag in params["Tagging"]["TagSet"]], limit)


def _tag_set(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
