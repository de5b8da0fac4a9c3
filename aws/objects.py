"""Objects in S3: list, head, read a range, stream, sign a download, put.

Each raises OutOfScope, a Rejected, for what the target's scope leaves out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, BinaryIO

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
    """An S3 object without its body; `size` in bytes, `etag` without quotes, empty if it was not requested."""

    key: str
    size: int
    modified: datetime
    content_type: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class RangedObject:
    """An S3 object whose `pieces` are fetched one by one during iteration, which may raise.

    `etag` is without quotes, empty for an object without bytes.
    """

    modified: datetime
    etag: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of an object, and the whole object's size, time and ETag (without quotes)."""

    body: bytes
    size: int
    modified: datetime
    etag: str


def iterate(target: Target, bucket: str, prefix: str, *, after: str = "") -> Iterator[RemoteObject]:
    """Objects whose key begins with `prefix`, in byte order, after the key `after`; a thousand for each call."""
    check_place(target, bucket, prefix)
    request = {"Bucket": bucket, "Prefix": prefix}
    if after:
        request["StartAfter"] = after
    with translated(target):
        for page in client(target, "s3").get_paginator("list_objects_v2").paginate(**request):  # type: ignore[arg-type]
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
    """The account's buckets that the connection may use; raises Rejected if they may not be listed."""
    with translated(target):
        rows = client(target, "s3").list_buckets()["Buckets"]
    return tuple(
        Bucket(row["Name"], row["CreationDate"]) for row in rows if target.scope.touches(row["Name"])
    )


@dataclass(frozen=True, slots=True)
class FolderLevel:
    """One level of a bucket's tree: key prefixes that end in a slash, and objects.

    `next` is the token of the following page; empty on the last.
    """

    folders: tuple[str, ...] = ()
    objects: tuple[RemoteObject, ...] = ()
    next: str = ""


def level(target: Target, bucket: str, prefix: str, *, token: str = "", limit: int = 1000) -> FolderLevel:
    """List the names directly below `prefix`, in byte order, in one call; `token` is an earlier page's `next`.

    A prefix that ends inside a name matches all names that start so.
    """
    check_place(target, bucket, prefix)
    request = {"Bucket": bucket, "Prefix": prefix, "Delimiter": "/", "MaxKeys": limit}
    if token:
        request["ContinuationToken"] = token
    with translated(target):
        page = client(target, "s3").list_objects_v2(**request)  # type: ignore[arg-type]
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
            answer = client(target, "s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if details_of(error)[0] in _ABSENT:
                return None
            raise
    return RemoteObject(
        key,
        answer["ContentLength"],
        answer["LastModified"],
        answer.get("ContentType", ""),
        answer.get("ETag", "").strip('"'),
    )


def read(target: Target, bucket: str, key: str, *, limit: int) -> bytes | None:
    """The object's first `limit` bytes by a range read; None if it does not exist."""
    first_part = part(target, bucket, key, 0, limit)
    return first_part.body if first_part else None


def part(target: Target, bucket: str, key: str, start: int, length: int, *, etag: str = "") -> Part | None:
    """`length` bytes from `start` on, or fewer at the end; None if there is no such object.

    With an `etag`, raises Rejected if the object has changed.
    """
    check_place(target, bucket, key)
    request = {"Bucket": bucket, "Key": key, "Range": f"bytes={start}-{start + length - 1}"}
    if etag:
        request["IfMatch"] = f'"{etag}"'
    with translated(target):
        try:
            answer = client(target, "s3").get_object(**request)  # type: ignore[arg-type]
            body = answer["Body"].read()
        except ClientError as error:
            code, _ = details_of(error)
            if code in _ABSENT:
                return None
            if code not in _NO_SUCH_RANGE:
                raise
            # An empty object has no range.
            entry = head(target, bucket, key)
            return Part(b"", entry.size, entry.modified, "") if entry else None
    size = int(answer.get("ContentRange", "").rpartition("/")[2] or len(body))
    return Part(body, size, answer["LastModified"], answer["ETag"].strip('"'))


def stream(target: Target, bucket: str, key: str, *, start: int = 0) -> Iterator[bytes] | None:
    """The body from byte `start` on in pieces, holding one at a time; None if the object does not exist."""
    check_place(target, bucket, key)
    with translated(target):
        try:
            # An empty object has no byte 0 to begin with.
            extra: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
            body = client(target, "s3").get_object(Bucket=bucket, Key=key, **extra)["Body"]
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
    """Open an object to be read with one call for each `piece` bytes; None if it does not exist."""
    first = part(target, bucket, key, 0, piece)
    if first is None:
        return None
    return RangedObject(
        first.modified, first.etag, chain([first.body], _rest(target, bucket, key, first, piece))
    )


def _rest(target: Target, bucket: str, key: str, first: Part, piece: int) -> Iterator[bytes]:
    for start in range(piece, first.size, piece):
        # Refused if the object was replaced meanwhile, as its parts would not fit together.
        next_part = part(target, bucket, key, start, piece, etag=first.etag)
        if next_part is None:
            raise Rejected(f"s3://{bucket}/{key} was deleted while it was read.")
        yield next_part.body


def signed_url(target: Target, bucket: str, key: str, *, filename: str, seconds: int = 300) -> str:
    """A URL with which anyone can download the object as `filename` for `seconds`."""
    check_place(target, bucket, key)
    params = {
        "Bucket": bucket,
        "Key": key,
        # S3 sends this back as a header, which must be ASCII.
        "ResponseContentDisposition": content_disposition_header(True, filename),
    }
    with translated(target):
        return client(target, "s3").generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)


def put(target: Target, bucket: str, key: str, body: bytes | BinaryIO) -> None:
    """Write an object."""
    check_place(target, bucket, key)
    with translated(target):
        client(target, "s3").put_object(Bucket=bucket, Key=key, Body=body)


def delete(target: Target, bucket: str, keys: Sequence[str]) -> None:
    """Delete up to 1,000 objects; missing ones count as deleted. Raises Rejected with the first error of an object."""
    for key in keys:
        check_place(target, bucket, key)
    with translated(target):
        answer = client(target, "s3").delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
    for error in answer.get("Errors", []):
        raise Rejected(f"{error.get('Key', '')}: {error.get('Message', '')}", error.get("Code", ""))


def may_put(target: Target, bucket: str, key: str) -> bool:
    """Whether an object of this key may be written, tested without storing one.

    The request has a wrong checksum: S3 refuses it for missing permission, else for the checksum. Raises Rejected for
    any other answer.
    """
    try:
        try_put(target, bucket, key)
    except Rejected as error:
        if error.code in ("AccessDenied", "403"):
            return False
        raise
    return True


def try_put(target: Target, bucket: str, key: str) -> None:
    """The request of `may_put`; raises Rejected, with the sentence of S3, if it is refused for another reason."""
    check_place(target, bucket, key)
    wrong = base64.b64encode(hashlib.md5(b"another body", usedforsecurity=False).digest()).decode()
    with translated(target):
        try:
            client(target, "s3").put_object(Bucket=bucket, Key=key, Body=b"", ContentMD5=wrong)
        except ClientError as error:
            if details_of(error)[0] in ("BadDigest", "InvalidDigest"):
                return
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
