"""Headers of S3 requests that describe an object: content headers, metadata, ranges, ETags; and its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from engine.errors import ServiceError

#: Headers that are stored with an object and returned with it.
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
    "BucketKeyEnabled",
)
#: How S3 encrypts an object for which the request names no encryption.
DEFAULT_ENCRYPTION = "AES256"

MAX_KEY_BYTES = 1024
#: "User-defined object metadata" in the S3 user guide: 2 KB of names and values together.
MAX_METADATA = 2048

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
#: Maximum digits of an offset; longer numbers are beyond any object and are cut.
_DIGITS = 18


def checked_key(key: str) -> str:
    """Return the key unchanged. Raises KeyTooLongError."""
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ServiceError(
            "KeyTooLongError", "Your key is too long", extra={"MaxSizeAllowed": str(MAX_KEY_BYTES)}
        )
    return key


def kept_headers(params: dict[str, Any]) -> dict[str, str]:
    """The headers to store with the object. Removes `aws-chunked`, which describes the transfer, not the content."""
    headers = {name: str(params[name]) for name in KEPT_HEADERS if params.get(name) not in (None, False)}
    codings = headers.pop("ContentEncoding", "").split(",")
    if content := ",".join(coding for coding in codings if coding.strip() != "aws-chunked").strip():
        headers["ContentEncoding"] = content
    return headers


def encryption_members(headers: Mapping[str, str]) -> dict[str, str]:
    """The answer's members for the encryption of an object with these stored headers."""
    names = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
    stored = {name: headers[name] for name in names if name in headers}
    return {"ServerSideEncryption": DEFAULT_ENCRYPTION, **stored}


def metadata_of(params: dict[str, Any]) -> dict[str, str]:
    """The user's metadata. Raises MetadataTooLarge."""
    metadata = {name: _decoded(value) for name, value in params.get("Metadata", {}).items()}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA:
        raise ServiceError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            extra={"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA)},
        )
    return metadata


def _decoded(value: str) -> str:
    """The text of an encoded word of RFC 2047 if it is ASCII; any other value as it is."""
    if not value.startswith("=?"):
        return value
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
    return text if text.isascii() and text.isprintable() else value


def quoted_etag(etag: str) -> str:
    """The ETag in quotes, as HTTP has it."""
    return f'"{etag}"'


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The start and end (exclusive) of `bytes=a-b` in `size` bytes; None without a range or in another form.

    Raises InvalidRange if the range starts behind the end.
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
