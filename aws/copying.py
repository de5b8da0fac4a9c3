"""Copying an object from one place to another that may be another account, region or engine.

The bytes pass through this process a part at a time. What was copied is written down by the caller, so that a copy goes
on where it was: in another call, another process, or after a kill.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from botocore.exceptions import ClientError

from aws import objects
from aws.calls import details_of, translated
from aws.clients import client
from aws.errors import Rejected
from aws.scoping import check_place
from aws.target import Target


class SourceRefused(Rejected):
    """The place that is copied from refuses, or has no such object any more."""


#: S3 takes at most 10,000 parts; each but the last has at least 5 MB.
_PARTS = 10_000
_PART = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy under way of one version of an object: `etags` are those of the parts that are there."""

    source_bucket: str
    source_key: str
    bucket: str
    key: str
    size: int = -1
    etag: str = ""
    upload: str = ""
    etags: tuple[str, ...] = field(default=())
    is_done: bool = False

    @property
    def part_size(self) -> int:
        """Bytes of each part but the last."""
        return max(_PART, -(-self.size // _PARTS))

    @property
    def copied(self) -> int:
        """Bytes that are there."""
        return self.size if self.is_done else min(max(self.size, 0), len(self.etags) * self.part_size)


def copy_some(source: Target, destination: Target, copy: Copy, *, seconds: float) -> Copy:
    """Go on with a copy for about so many seconds; returns how far it is.

    Raises SourceRefused, also if the source is missing or was replaced meanwhile, and a GatewayError of either side.
    """
    until = time.monotonic() + seconds
    check_place(source, copy.source_bucket, copy.source_key)
    check_place(destination, copy.bucket, copy.key)
    if not copy.etag:
        copy = _begin(source, copy)
    if copy.size <= _PART:
        return _copy_whole(source, destination, copy)
    if not copy.upload:
        copy = _start_upload(destination, copy)
    while len(copy.etags) * copy.part_size < copy.size:
        copy = _copy_part(source, destination, copy)
        if time.monotonic() >= until:
            return copy
    return _complete(destination, copy)


def _begin(source: Target, copy: Copy) -> Copy:
    try:
        first = objects.part(source, copy.source_bucket, copy.source_key, 0, 1)
    except Rejected as error:
        raise SourceRefused(error.sentence, error.code) from error
    if first is None:
        raise SourceRefused(f"There is no object s3://{copy.source_bucket}/{copy.source_key}.", "NoSuchKey")
    return replace(copy, size=first.size, etag=first.etag or "empty")


def _copy_whole(source: Target, destination: Target, copy: Copy) -> Copy:
    body = _read(source, copy, 0, max(copy.size, 1)) if copy.size else b""
    objects.put(destination, copy.bucket, copy.key, body)
    return replace(copy, is_done=True)


def _read(source: Target, copy: Copy, start: int, length: int) -> bytes:
    try:
        part = objects.part(source, copy.source_bucket, copy.source_key, start, length, etag=copy.etag)
    except Rejected as error:
        raise SourceRefused(error.sentence, error.code) from error
    if part is None:
        raise SourceRefused(
            f"s3://{copy.source_bucket}/{copy.source_key} was deleted while it was copied.", "NoSuchKey"
        )
    return part.body


def _start_upload(destination: Target, copy: Copy) -> Copy:
    with translated(destination):
        answer = client(destination, "s3").create_multipart_upload(Bucket=copy.bucket, Key=copy.key)
    return replace(copy, upload=answer["UploadId"], etags=())


def _copy_part(source: Target, destination: Target, copy: Copy) -> Copy:
    number = len(copy.etags) + 1
    body = _read(source, copy, (number - 1) * copy.part_size, copy.part_size)
    with translated(destination):
        answer = client(destination, "s3").upload_part(
            Bucket=copy.bucket, Key=copy.key, UploadId=copy.upload, PartNumber=number, Body=body
        )
    return replace(copy, etags=(*copy.etags, answer["ETag"]))


def _complete(destination: Target, copy: Copy) -> Copy:
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(copy.etags, start=1)]
    with translated(destination):
        try:
            client(destination, "s3").complete_multipart_upload(
                Bucket=copy.bucket,
                Key=copy.key,
                UploadId=copy.upload,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            # A process that was killed after the completion had not written it down.
            if details_of(error)[0] != "NoSuchUpload" or not _is_there(destination, copy):
                raise
    return replace(copy, is_done=True)


def _is_there(destination: Target, copy: Copy) -> bool:
    head = objects.head(destination, copy.bucket, copy.key)
    return head is not None and head.size == copy.size
