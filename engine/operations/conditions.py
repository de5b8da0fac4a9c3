"""Conditional requests (If-Match and the like): RFC 9110's precedence with S3's errors."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from engine.errors import ServiceError
from engine.objects import ObjectInfo, no_such_key

#: The headers of conditions on a copy's source, by the names of GetObject's conditions.
_SOURCE_HEADERS = {
    "If-Match": "x-amz-copy-source-If-Match",
    "If-None-Match": "x-amz-copy-source-If-None-Match",
    "If-Unmodified-Since": "x-amz-copy-source-If-Unmodified-Since",
}


def check_read(params: dict[str, Any], info: ObjectInfo, prefix: str = "") -> None:
    """Raises PreconditionFailed (412), or NotModified (304) if the client's copy is current.

    `prefix` is "CopySource" for the conditions on a copy's source.
    """
    match, none_match = params.get(f"{prefix}IfMatch"), params.get(f"{prefix}IfNoneMatch")
    unmodified, modified = params.get(f"{prefix}IfUnmodifiedSince"), params.get(f"{prefix}IfModifiedSince")
    if match is not None:
        if not _names(match, info.etag):
            raise precondition_failed(_condition("If-Match", prefix))
    elif unmodified is not None and _whole_seconds(info) > unmodified.timestamp():
        raise precondition_failed(_condition("If-Unmodified-Since", prefix))
    if none_match is not None:
        if _names(none_match, info.etag):
            raise _not_modified(prefix, info)
    elif modified is not None and _whole_seconds(info) <= modified.timestamp():
        raise _not_modified(prefix, info)


def check_write(params: dict[str, Any], current: ObjectInfo | None) -> None:
    """Raises PreconditionFailed if the current object does not meet the write's conditions.

    Raises NoSuchKey if IfMatch is given and there is no object, NotImplemented for conditions that S3 does not have
    ("Conditional writes" in the S3 user guide).
    """
    match, none_match = params.get("IfMatch"), params.get("IfNoneMatch")
    if match is not None and none_match is not None:
        raise _unknown_condition(
            "If-Match,If-None-Match",
            additionalMessage="Multiple conditional request headers present in the request",
        )
    if none_match not in (None, "*"):
        raise _unknown_condition("If-None-Match")
    if none_match == "*" and current is not None:
        raise precondition_failed("If-None-Match")
    check_delete(match, params["Key"], current)


def check_delete(match: str | None, key: str, current: ObjectInfo | None) -> None:
    """Raises PreconditionFailed if the object with that key has not the ETag `match`, NoSuchKey if there is none."""
    if match is None:
        return
    if current is None:
        raise no_such_key(key)
    if not _names(match, current.etag):
        raise precondition_failed("If-Match")


def check_delete_headers(params: dict[str, Any]) -> None:
    """Raises NotImplemented for the conditions that S3 has for directory buckets alone."""
    for name, header in (
        ("IfMatchSize", "x-amz-if-match-size"),
        ("IfMatchLastModifiedTime", "x-amz-if-match-last-modified-time"),
    ):
        if name in params:
            raise _unknown_condition(header)


def _condition(name: str, prefix: str) -> str:
    return _SOURCE_HEADERS[name] if prefix else name


def _unknown_condition(header: str, **more: str) -> ServiceError:
    return ServiceError(
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
        status=501,
        extra={"Header": header, **more},
    )


def precondition_failed(condition: str) -> ServiceError:
    """S3's error for a condition that is not met."""
    return ServiceError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        extra={"Condition": condition},
    )


def _not_modified(prefix: str, info: ObjectInfo) -> ServiceError:
    if prefix:
        return precondition_failed(_condition("If-None-Match", prefix))
    headers = {"etag": f'"{info.etag}"', "last-modified": formatdate(info.modified, usegmt=True)}
    return ServiceError("NotModified", "Not Modified", status=304, headers=headers)


def _names(header: str, etag: str) -> bool:
    names = [part.strip().removeprefix("W/").strip('"') for part in header.split(",")]
    return "*" in names or etag in names


def _whole_seconds(info: ObjectInfo) -> int:
    # HTTP dates have no fractions of seconds.
    return int(info.modified)
