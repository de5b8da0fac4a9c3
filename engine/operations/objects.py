"""S3 objects: put, get, head, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from engine.errors import ServiceError, invalid_argument
from engine.objects import ObjectInfo, ObjectReader, checksums, no_such_key, no_such_version
from engine.operations.conditions import check_delete, check_delete_headers, check_read, check_write
from engine.operations.content import (
    byte_range,
    checked_key,
    encryption_members,
    kept_headers,
    metadata_of,
    quoted_etag,
)
from engine.operations.context import Context
from engine.operations.header_tags import header_tags
from engine.operations.table import operation

#: The largest object of one PUT, in bytes (S3: 5 GiB; larger ones are multipart uploads).
MAX_PUT = 5 * 1024**3
_CHUNK = 256 * 1024
#: Parts of one answer of GetObjectAttributes.
_MAX_PARTS = 1000
_OVERRIDES = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)


@operation("s3", "PutObject")
async def put_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Store an object. It is published once it has arrived completely and its checksums match."""
    bucket, key, body = params["Bucket"], checked_key(params["Key"]), params["Body"]
    if body.length is not None and body.length > MAX_PUT:
        raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
    ctx.objects.check_bucket(bucket)
    # Checked before the upload too, so that a client does not send a gigabyte in vain.
    check_write(params, ctx.objects.head(bucket, key))
    algorithm = "" if body.announced() else checksums.DEFAULT
    with ctx.objects.writer(
        bucket, key, headers=kept_headers(params), metadata=metadata_of(params), tags=header_tags(params)
    ) as writer:
        computed = await body.copy(writer.write, algorithm)
        info = writer.commit(computed, partial(check_write, params))
    return {"ETag": quoted_etag(info.etag), **checksum_members(info), **encryption_members(info.headers)}


@operation("s3", "GetObject")
def get_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """An object with its bytes or a range of them, streamed."""
    reader = ctx.objects.open(params["Bucket"], params["Key"])
    try:
        _check_request_conditions(params, reader.info)
        answer = _described(params, reader.info)
        span = _span(params, reader.info)
        reader.narrow(*(span or (0, reader.info.size)))
    except BaseException:
        reader.close()
        raise
    return {**answer, **_ranged(reader.info, span), "Body": _stream(reader), **_overrides(params)}


@operation("s3", "HeadObject")
def head_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The answer of GetObject without the bytes."""
    info = find_object(ctx, params)
    return {**_described(params, info), **_ranged(info, _span(params, info)), **_overrides(params)}


@operation("s3", "DeleteObject")
def delete_object(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete an object, if it exists."""
    ctx.objects.check_bucket(params["Bucket"])
    _check_version(params)
    check_delete_headers(params)
    _delete(ctx, params["Bucket"], params["Key"], params.get("IfMatch"))
    return {"StatusCode": 204}


@operation("s3", "DeleteObjects")
def delete_objects(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Delete up to 1,000 objects. The answer has an error for each that could not be deleted."""
    ctx.objects.check_bucket(params["Bucket"])
    identifiers = params["Delete"]["Objects"]
    if len(identifiers) > 1000:
        raise ServiceError("MalformedXML", "Delete may name 1,000 objects at most.")
    deleted, errors = [], []
    for item in identifiers:
        try:
            _check_deleted_version(item)
            _delete(ctx, params["Bucket"], item["Key"], item.get("ETag"))
        except ServiceError as error:
            version = {"VersionId": item["VersionId"]} if item.get("VersionId") else {}
            errors.append({"Key": item["Key"], **version, "Code": error.code, "Message": error.message})
        else:
            deleted.append({"Key": item["Key"]})
    return {"Deleted": [] if params["Delete"].get("Quiet") else deleted, "Errors": errors}


def _delete(ctx: Context, bucket: str, key: str, etag: str | None) -> None:
    ctx.disk.ensure(lambda: ctx.objects.delete(bucket, key, partial(check_delete, etag, key)))


@operation("s3", "GetObjectAttributes")
def get_object_attributes(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The requested attributes of an object."""
    attribute_names = {name.strip() for name in params["ObjectAttributes"].split(",")}
    info = find_object(ctx, params)
    values = {
        "ETag": info.etag,
        "Checksum": {name: value.partition("-")[0] for name, value in checksum_members(info).items()} or None,
        "ObjectParts": _object_parts(params, info) if info.parts_count else None,
        "StorageClass": info.headers.get("StorageClass", "STANDARD"),
        "ObjectSize": info.size,
    }
    if not attribute_names <= values.keys():
        message, text = "Invalid attribute name specified.", params["ObjectAttributes"]
        raise invalid_argument(message, "x-amz-object-attributes", text)
    return {
        "LastModified": info.modified,
        **{name: values[name] for name in values if name in attribute_names},
    }


def _object_parts(params: dict[str, Any], info: ObjectInfo) -> dict[str, Any]:
    """The parts of an object that was uploaded in parts; their number alone if the upload named no checksum."""
    count = len(info.body.files)
    if not info.body.part_checksums:
        return {"TotalPartsCount": count}
    limit, marker = min(params.get("MaxParts", _MAX_PARTS), _MAX_PARTS), params.get("PartNumberMarker", 0)
    if limit < 0 or marker < 0:
        name, value = ("x-amz-max-parts", limit) if limit < 0 else ("x-amz-part-number-marker", marker)
        raise invalid_argument(f"{name} must not be negative", name, str(value))
    numbers = range(marker + 1, min(marker + limit, count) + 1)
    return {
        "TotalPartsCount": count,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": numbers[-1] if numbers else 0,
        "MaxParts": limit,
        "IsTruncated": bool(numbers) and numbers[-1] < count,
        "Parts": [
            {"PartNumber": number, "Size": info.body.files[number - 1][1], **info.part_checksums(number)}
            for number in numbers
        ],
    }


def find_object(ctx: Context, params: dict[str, Any]) -> ObjectInfo:
    """The request's object. Raises NoSuchKey, NoSuchBucket, or the error of a condition that is not met."""
    info = ctx.objects.head(params["Bucket"], params["Key"])
    if info is None:
        ctx.objects.check_bucket(params["Bucket"])
        raise no_such_key(params["Key"])
    _check_request_conditions(params, info)
    return info


def checksum_members(info: ObjectInfo) -> dict[str, str]:
    """The answer's members for an object's checksum and its type."""
    kinds = {checksums.type_of(value) for value in info.checksums.values()}
    return {**info.checksums, **({"ChecksumType": kinds.pop()} if kinds else {})}


def _check_request_conditions(params: dict[str, Any], info: ObjectInfo) -> None:
    _check_version(params)
    check_read(params, info)


def _check_version(params: dict[str, Any]) -> None:
    """The only version of an object has the id null."""
    version = params.get("VersionId")
    if version not in (None, "null"):
        raise invalid_argument("Invalid version id specified", "versionId", version)


def _check_deleted_version(item: dict[str, Any]) -> None:
    if item.get("VersionId") not in (None, "null"):
        raise no_such_version()


def _described(params: dict[str, Any], info: ObjectInfo) -> dict[str, Any]:
    headers = {
        name: value for name, value in info.headers.items() if (name, value) != ("StorageClass", "STANDARD")
    }
    return {
        "AcceptRanges": "bytes",
        "LastModified": info.modified,
        "ETag": quoted_etag(info.etag),
        "Metadata": info.metadata,
        "TagCount": len(info.tags) or None,
        "PartsCount": info.parts_count if "PartNumber" in params else None,
        **headers,
        **encryption_members(info.headers),
        "ContentType": info.content_type,
        **(_read_checksums(params, info) if params.get("ChecksumMode") == "ENABLED" else {}),
    }


def _read_checksums(params: dict[str, Any], info: ObjectInfo) -> dict[str, str]:
    """The checksum members for what is read: the whole object's, a part's, or none for a range."""
    if "PartNumber" in params and info.parts_count:
        members = info.part_checksums(params["PartNumber"])
        return {**members, "ChecksumType": checksum_members(info)["ChecksumType"]} if members else {}
    return {} if "Range" in params else checksum_members(info)


def _span(params: dict[str, Any], info: ObjectInfo) -> tuple[int, int] | None:
    if "PartNumber" not in params:
        return byte_range(params.get("Range"), info.size)
    if "Range" in params:
        raise ServiceError(
            "InvalidRequest", "Cannot specify both Range header and partNumber query parameter"
        )
    span = info.part_span(params["PartNumber"])
    if span is None:
        raise ServiceError(
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
            status=416,
            extra={
                "ActualPartCount": str(info.parts_count or 1),
                "PartNumberRequested": str(params["PartNumber"]),
            },
        )
    return span if info.size else None


def _ranged(info: ObjectInfo, span: tuple[int, int] | None) -> dict[str, Any]:
    if span is None:
        return {"ContentLength": info.size}
    start, end = span
    return {
        "StatusCode": 206,
        "ContentLength": end - start,
        "ContentRange": f"bytes {start}-{end - 1}/{info.size}",
    }


def _overrides(params: dict[str, Any]) -> dict[str, Any]:
    """Headers that the request sets for the answer, such as `response-content-type`."""
    overrides = {name: params.get(f"Response{name}") for name in _OVERRIDES}
    return {name: value for name, value in overrides.items() if value is not None}


async def _stream(reader: ObjectReader) -> AsyncIterator[bytes]:
    with reader:
        while chunk := reader.read(_CHUNK):
            yield chunk
