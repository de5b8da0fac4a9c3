"""Objects in S3: list, head, read a range, stream, sign a download, put.

Each raises OutOfScope, a Rejected, for what the target's scope leaves out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import BinaryIO

from botocore.exceptions import ClientError
from botocore.exceptions import IncompleteReadError as BotoIncompleteReadError
from botocore.response import StreamingBody
from django.utils.http import content_disposition_header

from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected, Unreachable
from aws.scoping import check_place
from aws.target import Target

_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_NO_SUCH_RANGE = frozenset({"InvalidRange", "416"})
_CHUNK = 256 * 1024
_RANGE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """An S3 object without its body; `size` in bytes, `etag` without quotes, empty where it was not asked for."""

    key: str
    size: int
    modified: datetime
    content_type: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class RangedObject:
    """An S3 object whose `pieces` are fetched one by one as they are asked for; errors come while reading.

    `etag` is without quotes, empty for an object without bytes.
    """

    modified: datetime
    etag: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of an object, and what is known of the whole; `etag` without quotes."""

    body: bytes
    size: int
    modified: datetime
    etag: str


def iterate(target: Target, bucket: str, prefix: str, *, after: str = "") -> Iterator[RemoteObject]:
    """Objects whose key begins with `prefix`, in byte order, after the key `after`; a thousand a call."""
    check_place(target, bucket, prefix)
    asked = {"Bucket": bucket, "Prefix": prefix}
    if after:
        asked["StartAfter"] = after
    with translated(target):
        for page in client(target, "s3").get_paginator("list_objects_v2").paginate(**asked):  # type: ignore[arg-type]
            for row in page.get("Contents", []):
                yield RemoteObject(
                    row["Key"], row["Size"], row["LastModified"], etag=row.get("ETag", "").strip('"')
                )


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket that the account owns."""

    name: str
    created: datetime


def buckets(target: Target) -> tuple[Bucket, ...]:
    """The account's buckets by name that may be used; Rejected where they may not be listed."""
    with translated(target):
        rows = client(target, "s3").list_buckets()["Buckets"]
    return tuple(
        Bucket(row["Name"], row["CreationDate"]) for row in rows if target.scope.touches(row["Name"])
    )


@dataclass(frozen=True, slots=True)
class FolderLevel:
    """One level of a bucket's tree: key prefixes that end in a slash, and objects.

    `next` asks for what comes behind them; empty when that was all.
    """

    folders: tuple[str, ...] = ()
    objects: tuple[RemoteObject, ...] = ()
    next: str = ""


def level(target: Target, bucket: str, prefix: str, *, token: str = "", limit: int = 1000) -> FolderLevel:
    """What stands right below `prefix`, in byte order, by one call; `token` is an earlier answer's `next`.

    A prefix that ends inside a name gives all names that go on from there.
    """
    check_place(target, bucket, prefix)
    asked = {"Bucket": bucket, "Prefix": prefix, "Delimiter": "/", "MaxKeys": limit}
    if token:
        asked["ContinuationToken"] = token
    with translated(target):
        page = client(target, "s3").list_objects_v2(**asked)  # type: ignore[arg-type]
    return FolderLevel(
        folders=tuple(row["Prefix"] for row in page.get("CommonPrefixes", [])),
        objects=tuple(
            RemoteObject(row["Key"], row["Size"], row["LastModified"]) for row in page.get("Contents", [])
        ),
        next=page.get("NextContinuationToken", ""),
    )


def head(target: Target, bucket: str, key: str) -> RemoteObject | None:
    """The object's size and time, or None if there is no such key or bucket."""
    check_place(target, bucket, key)
    with translated(target):
        try:
            found = client(target, "s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if details_of(error)[0] in _ABSENT:
                return None
            raise
    return RemoteObject(key, found["ContentLength"], found["LastModified"], found.get("ContentType", ""))


def read(target: Target, bucket: str, key: str, *, limit: int) -> bytes | None:
    """The object's first `limit` bytes by a range read; None if it does not exist."""
    found = part(target, bucket, key, 0, limit)
    return found.body if found else None


def part(target: Target, bucket: str, key: str, start: int, length: int, *, etag: str = "") -> Part | None:
    """`length` bytes from `start` on, or fewer at the end; None if there is no such object.

    With an `etag`, raises Rejected if it is another object by now.
    """
    check_place(target, bucket, key)
    asked = {"Bucket": bucket, "Key": key, "Range": f"bytes={start}-{start + length - 1}"}
    if etag:
        asked["IfMatch"] = f'"{etag}"'
    with translated(target):
        try:
            answer = client(target, "s3").get_object(**asked)  # type: ignore[arg-type]
            body = answer["Body"].read()
        except ClientError as error:
            code, _ = details_of(error)
            if code in _ABSENT:
                return None
            if code not in _NO_SUCH_RANGE:
                raise
            # Nothing is there: of an empty object no range can be had.
            found = head(target, bucket, key)
            return Part(b"", found.size, found.modified, "") if found else None
    size = int(answer.get("ContentRange", "").rpartition("/")[2] or len(body))
    return Part(body, size, answer["LastModified"], answer["ETag"].strip('"'))


def stream(target: Target, bucket: str, key: str) -> Iterator[bytes] | None:
    """The whole body in pieces, holding one at a time; None if the object does not exist."""
    check_place(target, bucket, key)
    with translated(target):
        try:
            body = client(target, "s3").get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            if details_of(error)[0] in _ABSENT:
                return None
            raise
    return _pieces(body, target)


def _pieces(body: StreamingBody, target: Target) -> Iterator[bytes]:
    with translated(target):
        try:
            yield from body.iter_chunks(_CHUNK)
        except BotoIncompleteReadError as error:
            raise Unreachable("The object ended before its size was reached.") from error
        finally:
            body.close()


def read_in_ranges(target: Target, bucket: str, key: str, *, piece: int = _RANGE) -> RangedObject | None:
    """An object as it is now, to be read by one call for each `piece` bytes; None if it does not exist."""
    first = part(target, bucket, key, 0, piece)
    if first is None:
        return None
    return RangedObject(
        first.modified, first.etag, chain([first.body], _rest(target, bucket, key, first, piece))
    )


def _rest(target: Target, bucket: str, key: str, first: Part, piece: int) -> Iterator[bytes]:
    for start in range(piece, first.size, piece):
        # Refused when somebody has replaced the object since: halves of two are no object.
        found = part(target, bucket, key, start, piece, etag=first.etag)
        if found is None:
            raise Rejected(f"s3://{bucket}/{key} was deleted while it was read.")
        yield found.body


def signed_url(target: Target, bucket: str, key: str, *, filename: str, seconds: int = 300) -> str:
    """An address that lets whoever holds it download the object under `filename` for a while."""
    check_place(target, bucket, key)
    params = {
        "Bucket": bucket,
        "Key": key,
        # Signed and sent back as a header, in which letters beyond ASCII are refused as they are.
        "ResponseContentDisposition": content_disposition_header(True, filename),
    }
    with translated(target):
        return client(target, "s3").generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)


def put(target: Target, bucket: str, key: str, body: bytes | BinaryIO) -> None:
    """Write an object."""
    check_place(target, bucket, key)
    with translated(target):
        client(target, "s3").put_object(Bucket=bucket, Key=key, Body=body)


def may_put(target: Target, bucket: str, key: str) -> bool:
    """Whether an object of this key may be written, by an attempt that leaves none.

    Its checksum is another body's: who may not write is refused for that, who may for the checksum. None is stored.
    Raises Rejected where neither was said.
    """
    check_place(target, bucket, key)
    wrong = base64.b64encode(hashlib.md5(b"another body", usedforsecurity=False).digest()).decode()
    with translated(target):
        try:
            client(target, "s3").put_object(Bucket=bucket, Key=key, Body=b"", ContentMD5=wrong)
        except ClientError as error:
            code = details_of(error)[0]
            if code in ("BadDigest", "InvalidDigest"):
                return True
            if code in ("AccessDenied", "403"):
                return False
            raise
    raise Rejected("S3 stored what has a wrong checksum.", "")


def make_bucket(target: Target, bucket: str) -> None:
    """Create the bucket unless it is ours already."""
    check_place(target, bucket, "")
    with translated(target):
        try:
            client(target, "s3").create_bucket(Bucket=bucket)
        except ClientError as error:
            if details_of(error)[0] != "BucketAlreadyOwnedByYou":
                raise
