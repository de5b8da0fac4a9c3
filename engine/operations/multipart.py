"""Multipart uploads."""

from __future__ import annotations

from typing import Any

from engine.errors import ServiceError
from engine.operations.conditions import check_write
from engine.operations.context import Context
from engine.operations.objects import byte_range, checked_key, copy_source, kept_headers, quoted, tags_of

MAX_PARTS = 10_000
_CHUNK = 256 * 1024


def create_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Begin an upload."""
    ctx.objects.check_bucket(params["Bucket"])
    upload = ctx.objects.uploads.begin(
        params["Bucket"],
        checked_key(params["Key"]),
        headers=kept_headers(params),
        metadata=params.get("Metadata", {}),
        tags=tags_of(params),
        checksum=params.get("ChecksumAlgorithm", ""),
    )
    return {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.id,
        "ChecksumAlgorithm": upload.checksum or None,
    }


async def upload_part(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Receive one part; it counts only when it has arrived whole and its checksums hold."""
    upload = ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])
    number = _part_number(params)
    writer = ctx.objects.uploads.part_writer()
    try:
        checksums = await params["Body"].copy(writer.write)
    except BaseException:
        writer.abort()
        raise
    part = ctx.objects.uploads.add_part(upload, number, writer, checksums)
    return {"ETag": quoted(part.etag), **part.checksums}


def upload_part_copy(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Take one part from an object that is in the store already, or from a range of it."""
    upload = ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])
    source = copy_source(ctx, params)
    start, end = byte_range(params.get("CopySourceRange"), source.size)
    writer = ctx.objects.uploads.part_writer()
    with ctx.objects.open(source.bucket, source.key, start, end) as reader:
        while chunk := reader.read(_CHUNK):
            writer.write(chunk)
    part = ctx.objects.uploads.add_part(upload, _part_number(params), writer, {})
    return {"CopyPartResult": {"ETag": quoted(part.etag), "LastModified": part.modified}}


def complete_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Make the object of its parts, in one step."""
    bucket, key = params["Bucket"], params["Key"]
    upload = ctx.objects.uploads.get(bucket, key, params["UploadId"])
    parts = params.get("MultipartUpload", {}).get("Parts", [])
    if any("PartNumber" not in part or "ETag" not in part for part in parts):
        raise ServiceError("MalformedXML", "Each Part must have a PartNumber and an ETag.")
    check_write(params, ctx.objects.head(bucket, key))
    wanted = [(part["PartNumber"], part["ETag"]) for part in parts]
    info = ctx.objects.publish(ctx.objects.uploads.assemble(upload, wanted), upload=upload.id)
    return {"Location": f"/{bucket}/{key}", "Bucket": bucket, "Key": key, "ETag": quoted(info.etag)}


def abort_multipart_upload(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """Give an upload up."""
    upload = ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])
    ctx.objects.uploads.abort(upload)
    return {"StatusCode": 204}


def list_parts(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The parts that have arrived, by number."""
    upload = ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])
    limit = min(params.get("MaxParts", 1000), 1000)
    marker = int(params.get("PartNumberMarker", 0))
    parts = [part for part in ctx.objects.uploads.parts(upload) if part.number > marker]
    page = parts[:limit]
    return {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.id,
        "MaxParts": limit,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": page[-1].number if page else 0,
        "IsTruncated": len(parts) > limit,
        "Parts": [
            {"PartNumber": p.number, "LastModified": p.modified, "ETag": quoted(p.etag), "Size": p.size}
            for p in page
        ],
    }


def list_multipart_uploads(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The uploads in progress, by key."""
    ctx.objects.check_bucket(params["Bucket"])
    prefix = params.get("Prefix", "")
    limit = min(params.get("MaxUploads", 1000), 1000)
    uploads = ctx.objects.uploads.page(params["Bucket"], prefix, limit)
    return {
        "Bucket": params["Bucket"],
        "Prefix": prefix,
        "MaxUploads": limit,
        "IsTruncated": False,
        "Uploads": [{"Key": u.key, "UploadId": u.id, "Initiated": u.created} for u in uploads],
    }


def _part_number(params: dict[str, Any]) -> int:
    number: int = params["PartNumber"]
    if not 1 <= number <= MAX_PARTS:
        raise ServiceError(
            "InvalidArgument", f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive"
        )
    return number
