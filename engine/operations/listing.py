"""ListObjects, ListObjectsV2 and ListObjectVersions: keys in byte order, grouped by a delimiter."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from engine.errors import ServiceError, invalid_argument
from engine.objects import Entry, ObjectStore
from engine.objects.checksums import algorithm_of, type_of
from engine.operations.context import Context
from engine.operations.table import operation

MAX_KEYS = 1000
#: Entries read first behind a common prefix: the next key often starts another one.
_ENTRIES_BEHIND_PREFIX = 8


@dataclass(slots=True)
class _Listing:
    """A page of objects and common prefixes. `last` is the last name on it."""

    objects: list[Entry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    truncated: bool = False

    @property
    def count(self) -> int:
        return len(self.objects) + len(self.prefixes)


@operation("s3", "ListObjectsV2")
def list_objects_v2(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of a bucket's objects, starting behind ContinuationToken or the key StartAfter."""
    token = params.get("ContinuationToken")
    if token == "":
        raise _incorrect_token("")
    after = key_of_token(token) if token else params.get("StartAfter", "")
    listing = _list(ctx, params, after)
    encode = name_encoder(params)
    owner = ctx.owner if params.get("FetchOwner") else None
    return {
        **_common(params, listing, owner),
        "KeyCount": listing.count,
        "ContinuationToken": token,
        "StartAfter": encode(params["StartAfter"]) if "StartAfter" in params and not token else None,
        "NextContinuationToken": token_of_key(listing.last) if listing.truncated else None,
    }


@operation("s3", "ListObjects")
def list_objects(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of a bucket's objects in the older form, starting behind the key Marker."""
    listing = _list(ctx, params, behind_common_prefix(params, params.get("Marker", "")))
    encode = name_encoder(params)
    return {
        **_common(params, listing, ctx.owner),
        "Marker": encode(params.get("Marker", "")),
        # Without a delimiter clients use the last key, and S3 omits this.
        "NextMarker": encode(listing.last) if listing.truncated and params.get("Delimiter") else None,
    }


@operation("s3", "ListObjectVersions")
def list_object_versions(ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
    """A page of a bucket's objects, each with the single version null."""
    listing = _list(ctx, params, params.get("KeyMarker", ""))
    encode = name_encoder(params)
    common = _common(params, listing, ctx.owner)
    return {
        **common,
        "Contents": None,
        "Versions": [{**entry, "VersionId": "null", "IsLatest": True} for entry in common["Contents"]],
        "KeyMarker": encode(params.get("KeyMarker", "")),
        "VersionIdMarker": params.get("VersionIdMarker", ""),
        "NextKeyMarker": encode(listing.last) if listing.truncated else None,
        "NextVersionIdMarker": "null" if listing.truncated else None,
    }


def _common(params: dict[str, Any], listing: _Listing, owner: dict[str, str] | None) -> dict[str, Any]:
    encode = name_encoder(params)
    return {
        "Name": params["Bucket"],
        "Prefix": encode(params.get("Prefix", "")),
        "Delimiter": encode(params["Delimiter"]) if params.get("Delimiter") else None,
        "MaxKeys": _limit(params),
        "EncodingType": params.get("EncodingType"),
        "IsTruncated": listing.truncated,
        "Contents": [_entry(entry, encode(entry.key), owner) for entry in listing.objects],
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in listing.prefixes],
    }


def _list(ctx: Context, params: dict[str, Any], after: str) -> _Listing:
    bucket, prefix = params["Bucket"], params.get("Prefix", "")
    ctx.objects.check_bucket(bucket)
    limit = _limit(params)
    if limit == 0:
        return _Listing()
    if not params.get("Delimiter"):
        entries = ctx.objects.entries(bucket, prefix, after.encode() if after else None, limit + 1)
        more = len(entries) > limit
        return _Listing(entries[:limit], [], entries[limit - 1].key if more else "", more)
    return _rolled_up(ctx.objects, bucket, prefix, params["Delimiter"], after, limit)


def _rolled_up(
    objects: ObjectStore, bucket: str, prefix: str, delimiter: str, after: str, limit: int
) -> _Listing:
    """Group keys with the delimiter behind the prefix into common prefixes.

    The index is read again behind each common prefix, so a folder of a million objects costs one query.
    """
    listing = _Listing()
    position = after.encode() if after else None
    if after.startswith(prefix) and after.endswith(delimiter) and len(after) > len(prefix):
        position = _end_of(after)
    size = limit + 1
    while True:
        page = objects.entries(bucket, prefix, position, size)
        for entry in page:
            if listing.count == limit:
                listing.truncated = True
                return listing
            cut = entry.key.find(delimiter, len(prefix))
            if cut >= 0:
                listing.last = entry.key[: cut + len(delimiter)]
                listing.prefixes.append(listing.last)
                position, size = _end_of(listing.last), _ENTRIES_BEHIND_PREFIX
                break
            listing.objects.append(entry)
            listing.last = entry.key
            position = entry.key.encode()
        else:
            if len(page) < size:
                return listing
            size = min(2 * size, limit + 1)


def behind_common_prefix(params: dict[str, Any], marker: str) -> str:
    """The marker, or the common prefix in which it lies: a list in the older form goes on behind the whole prefix."""
    prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter", "")
    cut = marker.find(delimiter, len(prefix)) if delimiter and marker.startswith(prefix) else -1
    return marker[: cut + len(delimiter)] if cut >= 0 else marker


def _end_of(prefix: str) -> bytes:
    """A position behind all keys that start with `prefix`: UTF-8 never contains byte 255."""
    return prefix.encode() + b"\xff"


def _limit(params: dict[str, Any]) -> int:
    max_keys: int = params.get("MaxKeys", MAX_KEYS)
    if not 0 <= max_keys < 2**31:
        message = "Argument maxKeys must be an integer between 0 and 2147483647"
        raise invalid_argument(message, "maxKeys", str(max_keys))
    return min(max_keys, MAX_KEYS)


def name_encoder(params: dict[str, Any]) -> Callable[[str], str]:
    """The function that encodes names: percent-encoding for EncodingType url, since XML cannot hold every character."""
    if params.get("EncodingType") == "url":
        return lambda text: quote(text, safe="/-_.~*")
    return lambda text: text


def _entry(entry: Entry, key: str, owner: dict[str, str] | None) -> dict[str, Any]:
    checksum = next(iter(entry.checksums.items()), None)
    return {
        "Key": key,
        "LastModified": entry.modified,
        "ETag": f'"{entry.etag}"',
        "Size": entry.size,
        "StorageClass": entry.storage_class,
        "ChecksumAlgorithm": [algorithm_of(checksum[0])] if checksum else None,
        "ChecksumType": type_of(checksum[1]) if checksum else None,
        "Owner": owner,
    }


def token_of_key(key: str) -> str:
    """A continuation token for the keys behind `key`."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def key_of_token(token: str) -> str:
    """The key in a token of `token_of_key`. Raises InvalidArgument."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _incorrect_token(token) from None


def _incorrect_token(token: str) -> ServiceError:
    return invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
