"""ListMultipartUploads and ListParts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import invalid_argument
from engine.objects import Upload
from engine.operations.content import quoted_etag
from engine.operations.context import Context
from engine.operations.listing import behind_common_prefix, name_encoder
from engine.operations.table import operation

_MAX_ITEMS = 1000


@dataclass(slots=True)
class _Page:
    """A page: keys with their uploads, common prefixes with None; `last` is the last upload."""

    names: list[tuple[str, Upload | None]] = field(default_factory=list)
    last: Upload | None = None
    truncated: bool = False


@operation("s3", "ListParts")
def list_parts(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The uploaded parts, by number."""
    ctx.objects.check_bucket(params["Bucket"])
    upload = ctx.objects.uploads.get(params["Bucket"], params["Key"], params["UploadId"])
    limit = _limit(params, "MaxParts")
    marker = params.get("PartNumberMarker", 0)
    parts = [part for part in ctx.objects.uploads.parts(upload) if part.number > marker]
    page = parts[:limit]
    return {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.id,
        "MaxParts": limit,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": page[-1].number if page else 0,
        "IsTruncated": len(parts) > len(page) > 0,
        "StorageClass": upload.headers.get("StorageClass", "STANDARD"),
        "Owner": ctx.owner,
        "Initiator": ctx.owner,
        **_named_checksum(upload),
        "Parts": [
            {
                "PartNumber": part.number,
                "LastModified": part.modified,
                "ETag": quoted_etag(part.etag),
                "Size": part.size,
                **(part.checksums if upload.names_checksum else {}),
            }
            for part in page
        ],
    }


@operation("s3", "ListMultipartUploads")
def list_multipart_uploads(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """The uploads in progress, by key, grouped by common prefix."""
    ctx.objects.check_bucket(params["Bucket"])
    prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
    limit = _limit(params, "MaxUploads")
    encode = name_encoder(params)
    page = _roll_up(
        _after(ctx.objects.uploads.all(params["Bucket"], prefix), params), prefix, delimiter, limit
    )
    following = page.last if page.truncated else None
    return {
        "Bucket": params["Bucket"],
        "Prefix": encode(prefix),
        "Delimiter": encode(delimiter) if delimiter else None,
        "EncodingType": params.get("EncodingType"),
        "MaxUploads": limit,
        "KeyMarker": encode(params.get("KeyMarker", "")),
        "UploadIdMarker": params.get("UploadIdMarker", ""),
        "NextKeyMarker": encode(page.names[-1][0]) if following else None,
        "NextUploadIdMarker": following.id if following else None,
        "IsTruncated": following is not None,
        "Uploads": [_entry(ctx, upload, encode(name)) for name, upload in page.names if upload is not None],
        "CommonPrefixes": [{"Prefix": encode(name)} for name, upload in page.names if upload is None],
    }


def _roll_up(uploads: list[Upload], prefix: str, delimiter: str, limit: int) -> _Page:
    page = _Page()
    for upload in uploads:
        cut = upload.key.find(delimiter, len(prefix)) if delimiter else -1
        name = (upload.key[: cut + len(delimiter)], None) if cut >= 0 else (upload.key, upload)
        if cut < 0 or page.names[-1:] != [name]:
            if len(page.names) == limit:
                page.truncated = True
                return page
            page.names.append(name)
        page.last = upload
    return page


def _after(uploads: list[Upload], params: dict[str, Any]) -> list[Upload]:
    """The uploads behind the markers: those of later keys, and later uploads of KeyMarker if UploadIdMarker is set."""
    key, marker = params.get("KeyMarker", ""), params.get("UploadIdMarker", "")
    if not key:
        return uploads
    common_prefix, delimiter = behind_common_prefix(params, key), params.get("Delimiter")
    if delimiter and common_prefix.endswith(delimiter):
        return [
            upload
            for upload in uploads
            if upload.key.encode() > key.encode() and not upload.key.startswith(common_prefix)
        ]
    later = [upload for upload in uploads if upload.key.encode() > key.encode()]
    same = [upload for upload in uploads if upload.key == key] if marker else []
    ids = [upload.id for upload in same]
    return [*(same[ids.index(marker) + 1 :] if marker in ids else []), *later]


def _entry(ctx: Context, upload: Upload, key: str) -> dict[str, Any]:
    return {
        "Key": key,
        "UploadId": upload.id,
        "Initiated": upload.created,
        "StorageClass": upload.headers.get("StorageClass", "STANDARD"),
        "Owner": ctx.owner,
        "Initiator": ctx.owner,
        **_named_checksum(upload),
    }


def _named_checksum(upload: Upload) -> dict[str, str]:
    """The members for the checksum that the client named for the upload, if it named one."""
    if not upload.names_checksum:
        return {}
    return {"ChecksumAlgorithm": upload.checksum, "ChecksumType": upload.checksum_type}


def _limit(params: dict[str, Any], name: str) -> int:
    limit: int = params.get(name, _MAX_ITEMS)
    if not 0 <= limit < 2**31:
        argument = name[0].lower() + name[1:]
        message = f"Argument {argument} must be an integer between 0 and 2147483647"
        raise invalid_argument(message, argument, str(limit))
    return min(limit, _MAX_ITEMS)
