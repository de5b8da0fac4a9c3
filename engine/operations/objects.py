"""Objects: put, get, head, delete, copy."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from engine.errors import ServiceError
from engine.objects import ObjectInfo, ObjectReader, no_such_key
from engine.operations.conditions import check_read, check_write
from engine.operations.context import Context

#: Content headers that are kept with an object and come back with it.
KEPT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "WebsiteRedirectLocation",
    "StorageClass",
)

#: The largest object of one PUT, in bytes (S3: 5 GiB; larger ones are multipart uploads).
MAX_PUT = 5 * 1024**3
MAX_KEY_BYTES = 1024
_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def put_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Store an object; nothing of it shows until it has arrived whole and its checksums hold."""
    bucket, key, body = params["Bucket"], checked_key(params["Key"]), params["Body"]
    if body.length is not None and body.length > MAX_PUT:
        raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
    ctx.objects.check_bucket(bucket)
    check_write(params, ctx.objects.head(bucket, key))
    with ctx.objects.writer(
        bucket, key, headers=kept_headers(params), metadata=params.get("Metadata"), tags=tags_of(params)
    ) as writer:
        checksums = await body.copy(writer.write)
        check_write(params, ctx.objects.head(bucket, key))
        info = writer.commit(checksums)
    return {"ETag": quoted(info.etag), **info.checksums}


def get_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An object's bytes, or a range of them, streamed."""
    info = _found(ctx, params)
    start, end = byte_range(params.get("Range"), info.size)
    reader = ctx.objects.open(info.bucket, info.key, start, end)
    answer = {**_described(params, info), "Body": _stream(reader), **_overrides(params)}
    answer["ContentLength"] = end - start
    return {**answer, **_ranged(params, info, start, end)}


def head_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """What GetObject would say of an object, without its bytes."""
    info = _found(ctx, params)
    start, end = byte_range(params.get("Range"), info.size)
    answer = {**_described(params, info), "ContentLength": end - start}
    return {**answer, **_ranged(params, info, start, end)}


def delete_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an object; one that is not there is no error."""
    ctx.objects.check_bucket(params["Bucket"])
    ctx.objects.delete(params["Bucket"], params["Key"])
    return {"StatusCode": 204}


def delete_objects(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Remove up to 1,000 objects."""
    ctx.objects.check_bucket(params["Bucket"])
    wanted = params["Delete"].get("Objects", [])
    if not 1 <= len(wanted) <= 1000 or any("Key" not in item for item in wanted):
        raise ServiceError("MalformedXML", "Delete must name 1 to 1000 objects, each with a Key.")
    for item in wanted:
        ctx.objects.delete(params["Bucket"], item["Key"])
    quiet = params["Delete"].get("Quiet", False)
    return {"Deleted": [] if quiet else [{"Key": item["Key"]} for item in wanted]}


def copy_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Copy an object within the store, with its headers and metadata or with new ones."""
    source = copy_source(ctx, params)
    bucket, key = params["Bucket"], checked_key(params["Key"])
    replace = params.get("MetadataDirective", "COPY") == "REPLACE"
    if (source.bucket, source.key) == (bucket, key) and not replace:
        raise ServiceError(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes.",
        )
    headers = kept_headers(params) if replace else source.headers
    metadata = params.get("Metadata", {}) if replace else source.metadata
    tags = tags_of(params) if params.get("TaggingDirective") == "REPLACE" else source.tags
    with (
        ctx.objects.open(source.bucket, source.key) as reader,
        ctx.objects.writer(bucket, key, headers=headers, metadata=metadata, tags=tags) as writer,
    ):
        while chunk := reader.read(_CHUNK):
            writer.write(chunk)
        info = writer.commit(source.checksums)
    return {"CopyObjectResult": {"ETag": quoted(info.etag), "LastModified": info.modified, **info.checksums}}


def copy_source(ctx: Context, params: dict[str, Any]) -> ObjectInfo:
    """The object a copy reads from. Raises NoSuchKey, NoSuchBucket, PreconditionFailed, InvalidArgument."""
    path = unquote(params["CopySource"]).removeprefix("/").partition("?versionId=")[0]
    bucket, _, key = path.partition("/")
    if not key:
        raise ServiceError("InvalidArgument", "x-amz-copy-source must be bucket/key.")
    info = ctx.objects.head(bucket, key)
    if info is None:
        ctx.objects.check_bucket(bucket)
        raise no_such_key(key)
    check_read(params, info, "CopySource")
    return info


def get_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An object's tags."""
    info = _found(ctx, params)
    return {"TagSet": [{"Key": key, "Value": value} for key, value in info.tags.items()]}


def put_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Replace an object's tags."""
    info = _found(ctx, params)
    tags = {tag["Key"]: tag["Value"] for tag in params["Tagging"].get("TagSet", [])}
    ctx.objects.set_tags(info, json.dumps(tags))
    return {}


def delete_object_tagging(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Take all of an object's tags away."""
    ctx.objects.set_tags(_found(ctx, params), "{}")
    return {"StatusCode": 204}


def checked_key(key: str) -> str:
    """The key, if S3 takes it. Raises KeyTooLongError."""
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ServiceError(
            "KeyTooLongError", "Your key is too long", extra={"MaxSizeAllowed": str(MAX_KEY_BYTES)}
        )
    return key


def kept_headers(params: dict[str, Any]) -> dict[str, str]:
    """The content headers of a request that its object keeps. `aws-chunked` was the transfer, not the content."""
    kept = {name: str(params[name]) for name in KEPT_HEADERS if params.get(name) is not None}
    codings = [coding.strip() for coding in kept.pop("ContentEncoding", "").split(",")]
    if content := ",".join(coding for coding in codings if coding not in ("", "aws-chunked")):
        kept["ContentEncoding"] = content
    return kept


def tags_of(params: dict[str, Any]) -> dict[str, str]:
    """The tags of an upload's `x-amz-tagging`, which is written like a query."""
    return dict(parse_qsl(params.get("Tagging", ""), keep_blank_values=True))


def quoted(etag: str) -> str:
    """ETags stand in quotes on the wire."""
    return f'"{etag}"'


def byte_range(header: str | None, size: int) -> tuple[int, int]:
    """Start and end (exclusive) of `bytes=a-b` within `size` bytes; the whole for no or a foreign range.

    Raises InvalidRange when it begins beyond the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or (not first and int(last) == 0):
        raise ServiceError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            extra={"RangeRequested": header or "", "ActualObjectSize": str(size)},
        )
    return (start, end) if end > start else (0, size)


def _found(ctx: Context, params: dict[str, Any]) -> ObjectInfo:
    info = ctx.objects.head(params["Bucket"], params["Key"])
    if info is None:
        ctx.objects.check_bucket(params["Bucket"])
        raise no_such_key(params["Key"])
    if params.get("VersionId") not in (None, "null"):
        raise ServiceError("NoSuchVersion", "The specified version does not exist.", status=404)
    check_read(params, info)
    return info


def _described(params: dict[str, Any], info: ObjectInfo) -> dict[str, Any]:
    whole = "Range" not in params and params.get("ChecksumMode") == "ENABLED"
    return {
        "AcceptRanges": "bytes",
        "LastModified": info.modified,
        "ETag": quoted(info.etag),
        "ContentType": info.content_type,
        "Metadata": info.metadata,
        "TagCount": len(info.tags) or None,
        **{name: value for name, value in info.headers.items() if name != "StorageClass"},
        **(info.checksums if whole else {}),
    }


def _ranged(params: dict[str, Any], info: ObjectInfo, start: int, end: int) -> dict[str, Any]:
    if "Range" not in params or (start, end) == (0, info.size):
        return {}
    return {"StatusCode": 206, "ContentRange": f"bytes {start}-{end - 1}/{info.size}"}


def _overrides(params: dict[str, Any]) -> dict[str, Any]:
    """`response-content-type` and its kin, which a presigned URL may carry."""
    names = (
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "Expires",
    )
    given = {name: params.get(f"Response{name}") for name in names}
    return {name: value for name, value in given.items() if value is not None}


async def _stream(reader: ObjectReader) -> AsyncIterator[bytes]:
    with reader:
        while chunk := reader.read(_CHUNK):
            yield chunk
