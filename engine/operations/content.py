"""What S3 requests say of an object in headers: key, content headers, metadata, ranges, ETags."""

from __future__ import annotations

import re
from typing import Any

from engine.errors import ServiceError

#: Headers that are kept with an object and come back with it.
KEPT_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "WebsiteRedirectLocation",
    "StorageClass",
    "ServerSideEncryption",
    "SSEKMSKeyId",
)

MAX_KEY_BYTES = 1024
#: "User-defined object metadata" in the S3 user guide: 2 KB of names and values together.
MAX_METADATA = 2048

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
#: Offsets have no more digits than this; longer ones are beyond any object.
_DIGITS = 18


def checked_key(key: str) -> str:
    """The key, if S3 takes it. Raises KeyTooLongError."""
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ServiceError(
            "KeyTooLongError", "Your key is too long", extra={"MaxSizeAllowed": str(MAX_KEY_BYTES)}
        )
    return key


def kept_headers(params: dict[str, Any]) -> dict[str, str]:
    """The headers of a request that its object keeps. `aws-chunked` was the transfer, not the content."""
    headers = {name: str(params[name]) for name in KEPT_HEADERS if params.get(name) is not None}
    codings = [coding.strip() for coding in headers.pop("ContentEncoding", "").split(",")]
    if content := ",".join(coding for coding in codings if coding not in ("", "aws-chunked")):
        headers["ContentEncoding"] = content
    return headers


def metadata_of(params: dict[str, Any]) -> dict[str, str]:
    """The user's own metadata. Raises MetadataTooLarge."""
    metadata: dict[str, str] = params.get("Metadata", {})
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA:
        raise ServiceError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            extra={"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA)},
        )
    return metadata


def quoted_etag(etag: str) -> str:
    """ETags stand in quotes on the wire."""
    return f'"{etag}"'


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of `bytes=a-b` within `size` bytes; None for no range, or one of another form.

    Raises InvalidRange when it begins beyond the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if header is None or match is None or match.groups() == ("", ""):
        return None
    first, last = (text[:_DIGITS] if len(text) > _DIGITS else text for text in match.groups())
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or (not first and int(last) == 0):
        raise ServiceError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            extra={"RangeRequested": header, "ActualObjectSize": str(size)},
            headers={"content-range": f"bytes */{size}"},
        )
    return start, end
