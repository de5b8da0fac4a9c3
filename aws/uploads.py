"""Multipart uploads: begun, filled part by part, listed, completed and aborted.

Each raises OutOfScope, a Rejected, for what the target's scope leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from botocore.exceptions import ClientError

from aws import objects
from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import check_place
from aws.target import Target

#: Codes of a write that would replace what is there, or that came at the same time as another.
_IS_THERE = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict"})


class KeyTaken(Rejected):
    """An object with this key is there already, and the request may not replace it."""


class NoSuchUpload(Rejected):
    """The upload was completed or aborted, or never begun."""


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that S3 has; `size` in bytes, `etag` as S3 writes it."""

    number: int
    size: int
    etag: str


def begin(target: Target, bucket: str, key: str) -> str:
    """Begin an upload and return its id."""
    check_place(target, bucket, key)
    with translated(target):
        return client(target, "s3").create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]


def put_part(target: Target, bucket: str, key: str, upload_id: str, number: int, body: BinaryIO) -> None:
    """Write a part, in place of an earlier one with its number. `body` can be read again from its beginning."""
    check_place(target, bucket, key)
    with translated(target):
        try:
            client(target, "s3").upload_part(
                Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body
            )
        except ClientError as error:
            _raise_if_ended(error)
            raise


def list_parts(target: Target, bucket: str, key: str, upload_id: str) -> tuple[UploadedPart, ...]:
    """The parts that S3 has, by number."""
    check_place(target, bucket, key)
    pages = client(target, "s3").get_paginator("list_parts")
    with translated(target):
        try:
            return tuple(
                UploadedPart(row["PartNumber"], row["Size"], row["ETag"])
                for page in pages.paginate(Bucket=bucket, Key=key, UploadId=upload_id)
                for row in page.get("Parts", [])
            )
        except ClientError as error:
            _raise_if_ended(error)
            raise


def has_ended(target: Target, bucket: str, key: str, upload_id: str) -> bool:
    """Whether there is no such upload, or no longer."""
    try:
        list_parts(target, bucket, key, upload_id)
    except NoSuchUpload:
        return True
    return False


def complete(
    target: Target, bucket: str, key: str, upload_id: str, parts: Sequence[UploadedPart], *, replace: bool
) -> None:
    """Make the object out of these parts. Raises KeyTaken if there is one and `replace` is false."""
    check_place(target, bucket, key)
    condition = {} if replace else {"IfNoneMatch": "*"}
    with translated(target):
        try:
            client(target, "s3").complete_multipart_upload(
                Bucket=bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts],
                },
                **condition,  # type: ignore[arg-type]
            )
        except ClientError as error:
            _raise_if_taken(error)
            _raise_if_ended(error)
            raise


def abort(target: Target, bucket: str, key: str, upload_id: str) -> None:
    """End an upload without an object; one that has ended already stays so."""
    check_place(target, bucket, key)
    with translated(target):
        try:
            client(target, "s3").abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if details_of(error)[0] != "NoSuchUpload":
                raise


def put_whole(target: Target, bucket: str, key: str, body: BinaryIO, *, replace: bool) -> None:
    """Write an object in one request. Raises KeyTaken if there is one and `replace` is false."""
    check_place(target, bucket, key)
    condition = {} if replace else {"IfNoneMatch": "*"}
    with translated(target):
        try:
            client(target, "s3").put_object(Bucket=bucket, Key=key, Body=body, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            _raise_if_taken(error)
            raise


def is_written(target: Target, bucket: str, key: str, size: int) -> bool:
    """Whether there is an object of this size, such as that of an upload whose answer was lost."""
    head = objects.head(target, bucket, key)
    return head is not None and head.size == size


def _raise_if_taken(error: ClientError) -> None:
    code, message = details_of(error)
    if code in _IS_THERE:
        raise KeyTaken(message or "There is an object with this key.", code) from error


def _raise_if_ended(error: ClientError) -> None:
    code, message = details_of(error)
    if code == "NoSuchUpload":
        raise NoSuchUpload(message or "The upload has ended.", code) from error
