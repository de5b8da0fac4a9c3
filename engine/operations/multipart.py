"""Multipart uploads: creating, uploading parts, completing, aborting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from engine.errors import ServiceError, invalid_argument
from engine.objects import CompletedPart, ObjectInfo, Part, Upload, checksums
from engine.operations.conditions import check_write
from engine.operations.content import (
    byte_range,
    checked_key,
    encryption_members,
    kept_headers,
    metadata_of,
    quoted_etag,
)
from engine.operations.context import Context
from engine.operations.copying import MAX_COPY, open_source
from engine.operations.header_tags import header_tags
from engine.operations.objects import MAX_PUT, checksum_members
from engine.operations.table import operation

MAX_PARTS = 10_000
_CHUNK = 1024 * 1024


@operation("s3", "CreateMultipartUpload")
def create_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Create an upload."""
    ctx.objects.check_bucket(params["Bucket"])
    algorithm = params.get("ChecksumAlgorithm", checksums.DEFAULT)
    kind = params.get("ChecksumType", checksums.default_type(algorithm))
    if not checksums.allowed_type(algorithm, kind):
        raise ServiceError(
            "InvalidRequest",
            f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm.",
        )
    names_checksum = "ChecksumAlgorithm" in params
    upload = ctx.objects.uploads.begin(
        params["Bucket"],
        checked_key(params["Key"]),
        headers=kept_headers(params),
        metadata=metadata_of(params),
        tags=header_tags(params),
        checksum=algorithm,
        checksum_type=kind,
        names_checksum=names_checksum,
    )
    return {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.id,
        "ChecksumAlgorithm": algorithm if names_checksum else None,
        "ChecksumType": kind if names_checksum else None,
        **encryption_members(upload.headers),
    }


@operation("s3", "UploadPart")
async def upload_part(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Store a part, if it arrives completely and its checksums match."""
    upload = _upload(ctx, params)
    number, body = _part_number(params), params["Body"]
    if body.length is not None and body.length > MAX_PUT:
        raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
    writer = ctx.objects.uploads.part_writer()
    try:
        computed = await body.copy(writer.write, upload.checksum)
    except BaseException:
        writer.abort()
        raise
    part = ctx.objects.uploads.add_part(upload, number, writer, computed)
    # Checksums that the client did not send are computed only for the whole object.
    checksum_members = [checksums.member_name(name) for name in body.announced() or [upload.checksum]]
    return {
        "ETag": quoted_etag(part.etag),
        **{name: computed[name] for name in checksum_members if name in computed},
        **encryption_members(upload.headers),
    }


@operation("s3", "UploadPartCopy")
async def upload_part_copy(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Copy a part from an existing object or from a range of it."""
    upload = _upload(ctx, params)
    number = _part_number(params)
    with open_source(ctx, params) as reader:
        start, end = _copied_span(params, reader.info)
        reader.narrow(start, end)
        part = await asyncio.to_thread(_copy_part, ctx, upload, number, reader.read)
    named_checksums = part.checksums if upload.names_checksum else {}
    result = {"ETag": quoted_etag(part.etag), "LastModified": part.modified, **named_checksums}
    return {"CopyPartResult": result, **encryption_members(upload.headers)}


@operation("s3", "CompleteMultipartUpload")
def complete_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Publish the object made of the parts. Completing an upload again answers with its object."""
    try:
        upload = _upload(ctx, params)
    except ServiceError:
        if (completed := _completed_object(ctx, params)) is None:
            raise
        return _completion(completed)
    info = ctx.objects.uploads.assemble(upload, _completed_parts(params))
    for name, value in info.checksums.items():
        # A composite checksum comes with or without the number of parts.
        if params.get(name, value) not in (value, value.partition("-")[0]):
            raise ServiceError(
                "BadDigest", f"The {name} you specified did not match the calculated checksum."
            )
    if params.get("MpuObjectSize", info.size) != info.size:
        raise ServiceError(
            "InvalidRequest", "The provided 'x-amz-mp-object-size' header does not match what was computed."
        )
    info = ctx.objects.publish(info, upload=upload.id, check=partial(check_write, params))
    return _completion(info)


def _completed_object(ctx: Context, params: dict[str, Any]) -> ObjectInfo | None:
    """The object that the upload was completed as, unless it was replaced or deleted since."""
    bucket, key = params["Bucket"], params["Key"]
    etag = ctx.objects.uploads.completed_etag(bucket, key, params["UploadId"])
    info = ctx.objects.head(bucket, key) if etag else None
    return info if info is not None and info.etag == etag else None


def _completion(info: ObjectInfo) -> dict[str, Any]:
    return {
        "Location": f"/{info.bucket}/{info.key}",
        "Bucket": info.bucket,
        "Key": info.key,
        "ETag": quoted_etag(info.etag),
        **checksum_members(info),
        **encryption_members(info.headers),
    }


@operation("s3", "AbortMultipartUpload")
def abort_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Abort an upload."""
    upload = _upload(ctx, params)
    ctx.disk.ensure(lambda: ctx.objects.uploads.abort(upload))
    return {"StatusCode": 204}


def _upload(ctx: Context, params: dict[str, Any]) -> Upload:
    ctx.objects.check_bucket(params["Bucket"])
    return ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])


def _completed_parts(params: dict[str, Any]) -> list[CompletedPart]:
    parts = params.get("MultipartUpload", {}).get("Parts") or []
    if not parts or any("PartNumber" not in part or "ETag" not in part for part in parts):
        raise ServiceError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    names = [checksums.member_name(name) for name in checksums.ALGORITHMS]
    return [
        CompletedPart(part["PartNumber"], part["ETag"], {name: part[name] for name in names if name in part})
        for part in parts
    ]


def _copied_span(params: dict[str, Any], source: ObjectInfo) -> tuple[int, int]:
    range_header = params.get("CopySourceRange")
    try:
        span = byte_range(range_header, source.size) if range_header is not None else (0, source.size)
    except ServiceError as error:
        # Of a copy S3 does not repeat the range and the size.
        raise ServiceError(error.code, error.message, error.status) from None
    # Unlike a range of GetObject, this one must lie within the source (API reference of UploadPartCopy).
    if span is None or (range_header is not None and range_header.rpartition("-")[2] != str(span[1] - 1)):
        raise invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
            "the zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            range_header or "",
        )
    if span[1] - span[0] > MAX_COPY:
        raise ServiceError(
            "InvalidRequest", f"The specified copy source is larger than the maximum size: {MAX_COPY}"
        )
    return span


def _copy_part(ctx: Context, upload: Upload, number: int, read: Callable[[int], bytes]) -> Part:
    writer = ctx.objects.uploads.part_writer()
    digest = checksums.new_digest(upload.checksum or checksums.DEFAULT)
    try:
        while chunk := read(_CHUNK):
            digest.update(chunk)
            writer.write(chunk)
    except BaseException:
        writer.abort()
        raise
    computed = {checksums.member_name(upload.checksum or checksums.DEFAULT): checksums.text_of(digest)}
    return ctx.objects.uploads.add_part(upload, number, writer, computed)


def _part_number(params: dict[str, Any]) -> int:
    number: int = params["PartNumber"]
    if not 1 <= number <= MAX_PARTS:
        message = f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive"
        raise invalid_argument(message, "partNumber", str(number))
    return number
