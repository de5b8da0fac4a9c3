"""Conditional requests (If-Match and the like): RFC 9110's precedence with S3's errors."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from engine.errors import ServiceError
from engine.objects import ObjectInfo, no_such_key


def check_read(params: dict[str, Any], info: ObjectInfo, prefix: str = "") -> None:
    """Raises PreconditionFailed (412), or NotModified (304) if the client's copy is current.

    `prefix` is "CopySource" for the conditions on a copy's source.
    """
    match, none_match = params.get(f"{prefix}IfMatch"), params.get(f"{prefix}IfNoneMatch")
    unmodified, modified = params.get(f"{prefix}IfUnmodifiedSince"), params.get(f"{prefix}IfModifiedSince")
    if match is not None:
        if not _names(match, info.etag):
            raise precondition_failed(f"{prefix}If-Match")
    elif unmodified is not None and _whole_seconds(info) > unmodified.timestamp():
        raise precondition_failed(f"{prefix}If-Unmodified-Since")
    if none_match is not None:
        if _names(none_match, info.etag):
            raise _not_modified(prefix, info)
    elif modified is not None and _whole_seconds(info) <= modified.timestamp():
        raise _not_modified(prefix, info)


def check_write(params: dict[str, Any], current: ObjectInfo | None) -> None:
    """Raises PreconditionFailed if the current object does not meet the write's conditions.

    Raises NoSuchKey if IfMatch is given and there is no object ("Conditional writes" in the S3 user guide).
    """
    if params.get("IfNoneMatch") == "*" and current is not None:
        raise precondition_failed("If-None-Match")
    match = params.get("IfMatch")
    if match is not None and current is None:
        raise no_such_key(params["Key"])
    check_delete(match, current)


def check_delete(match: str | None, current: ObjectInfo | None) -> None:
    """Raises PreconditionFailed if the current object does not have the ETag `match`."""
    if match is not None and (current is None or not _names(match, current.etag)):
        raise precondition_failed("If-Match")


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
        return precondition_failed(f"{prefix}If-None-Match")
    headers = {"etag": f'"{info.etag}"', "last-modified": formatdate(info.modified, usegmt=True)}
    return ServiceError("NotModified", "Not Modified", status=304, headers=headers)


def _names(header: str, etag: str) -> bool:
    names = [part.strip().removeprefix("W/").strip('"') for part in header.split(",")]
    return "*" in names or etag in names


def _whole_seconds(info: ObjectInfo) -> int:
    # HTTP dates have no fractions of seconds.
    return int(info.modified)
