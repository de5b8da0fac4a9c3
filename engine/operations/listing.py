"""ListObjects and ListObjectsV2: keys in byte order, rolled up at a delimiter."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from engine.errors import ServiceError
from engine.objects import ObjectInfo, ObjectStore
from engine.operations.context import Context

MAX_KEYS = 1000


@dataclass(slots=True)
class _Listing:
    """One page: objects and rolled-up prefixes, and the last name on it when there is more."""

    objects: list[ObjectInfo] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str | None = None
    truncated: bool = False

    @property
    def count(self) -> int:
        return len(self.objects) + len(self.prefixes)


def list_objects_v2(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of a bucket; ContinuationToken is opaque, StartAfter is a key."""
    after = params.get("StartAfter", "")
    if token := params.get("ContinuationToken"):
        after = _after_token(token)
    listing = _list(ctx, params, after)
    encode = _encoder(params)
    return {
        **_common(params, listing),
        "KeyCount": listing.count,
        "ContinuationToken": params.get("ContinuationToken"),
        "StartAfter": encode(params["StartAfter"]) if "StartAfter" in params else None,
        "NextContinuationToken": _token(listing.last) if listing.truncated and listing.last else None,
    }


def list_objects(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of a bucket in the older form, which goes on from a key called Marker."""
    listing = _list(ctx, params, params.get("Marker", ""))
    encode = _encoder(params)
    following = listing.truncated and listing.last and params.get("Delimiter")
    return {
        **_common(params, listing),
        "Marker": encode(params.get("Marker", "")),
        "NextMarker": encode(listing.last or "") if following else None,
    }


def _common(params: dict[str, Any], listing: _Listing) -> dict[str, Any]:
    encode = _encoder(params)
    return {
        "Name": params["Bucket"],
        "Prefix": encode(params.get("Prefix", "")),
        "Delimiter": encode(params["Delimiter"]) if params.get("Delimiter") else None,
        "MaxKeys": _limit(params),
        "EncodingType": params.get("EncodingType"),
        "IsTruncated": listing.truncated,
        "Contents": [_entry(info, encode(info.key)) for info in listing.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in listing.prefixes],
    }


def _list(ctx: Context, params: dict[str, Any], after: str) -> _Listing:
    bucket, prefix = params["Bucket"], params.get("Prefix", "")
    ctx.objects.check_bucket(bucket)
    limit = _limit(params)
    if limit == 0:
        return _Listing()
    if not params.get("Delimiter"):
        found = ctx.objects.page(bucket, prefix, after.encode() if after else None, limit + 1)
        more = len(found) > limit
        return _Listing(found[:limit], [], found[limit - 1].key if more else None, more)
    return _rolled_up(ctx.objects, bucket, prefix, params["Delimiter"], after, limit)


def _rolled_up(
    objects: ObjectStore, bucket: str, prefix: str, delimiter: str, after: str, limit: int
) -> _Listing:
    """Keys that have the delimiter after the prefix count once, as their common prefix.

    A prefix that was found is skipped over in the index, so a folder of a million objects costs one step.
    """
    listing = _Listing()
    position = after.encode() if after else None
    if after.startswith(prefix) and after.endswith(delimiter) and len(after) > len(prefix):
        position = _end_of(after)
    while True:
        page = objects.page(bucket, prefix, position, limit + 1)
        for info in page:
            if listing.count == limit:
                listing.truncated = True
                return listing
            cut = info.key.find(delimiter, len(prefix))
            if cut >= 0:
                listing.last = info.key[: cut + len(delimiter)]
                listing.prefixes.append(listing.last)
                position = _end_of(listing.last)
                break
            listing.objects.append(info)
            listing.last = info.key
            position = info.key.encode()
        else:
            if len(page) <= limit:
                return listing


def _end_of(prefix: str) -> bytes:
    """A position beyond every key that starts with `prefix`: no UTF-8 text goes on with byte 255."""
    return prefix.encode() + b"\xff"


def _limit(params: dict[str, Any]) -> int:
    wanted: int = params.get("MaxKeys", MAX_KEYS)
    if wanted < 0:
        raise ServiceError("InvalidArgument", "max-keys must be 0 or more.")
    return min(wanted, MAX_KEYS)


def _encoder(params: dict[str, Any]) -> Any:
    if params.get("EncodingType") == "url":
        return lambda text: quote(text, safe="/-_.~*")
    return lambda text: text


def _entry(info: ObjectInfo, key: str) -> dict[str, Any]:
    return {
        "Key": key,
        "LastModified": info.modified,
        "ETag": f'"{info.etag}"',
        "Size": info.size,
        "StorageClass": info.headers.get("StorageClass", "STANDARD"),
    }


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _after_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ServiceError("InvalidArgument", "The continuation token provided is incorrect") from None
