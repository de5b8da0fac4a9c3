"""Downloads: from AWS by a signed URL, from an engine through this service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from aws import Target, objects
from jobs.models import Connection
from jobs.services.data.places import calls_to_place, split_uri
from jobs.services.errors import NoSuchObject

_FROM_BYTE = re.compile(r"bytes=([0-9]{1,18})-")


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of an object is wanted: from byte `start` on, if its ETag is still `etag` or that is empty."""

    start: int = 0
    etag: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """The part that the headers Range and If-Range name; the whole for anything but `bytes=N-`."""
        match = _FROM_BYTE.fullmatch(headers.get("Range", "").strip())
        return cls(int(match[1]), headers.get("If-Range", "").strip().strip('"')) if match else cls()

    def start_in(self, stored: objects.RemoteObject) -> int:
        """The first byte to send of the object as it is now."""
        is_same = self.etag in ("", stored.etag)
        return self.start if is_same and self.start < stored.size else 0


WHOLE = Remainder()


@dataclass(frozen=True, slots=True)
class Download:
    """Either a URL to redirect to, or the body in pieces, from byte `start` of an object of `size` bytes."""

    filename: str
    url: str = ""
    body: Iterator[bytes] | None = None
    size: int = 0
    start: int = 0
    etag: str = ""


def open_download(target: Target, bucket: str, key: str, remainder: Remainder = WHOLE) -> Download | None:
    """A signed URL of an object on AWS, or the bytes of one on an engine; None if there is no such object.

    An engine listens on loopback, where a browser may not reach it, so its bytes pass through this service.
    """
    filename = key.rsplit("/", 1)[-1].replace('"', "")
    head = objects.head(target, bucket, key)
    if head is None:
        return None
    if not target.is_engine:
        return Download(filename, url=objects.signed_url(target, bucket, key, filename=filename))
    start = remainder.start_in(head)
    body = objects.stream(target, bucket, key, start=start) or iter(())
    return Download(filename, body=body, size=head.size, start=start, etag=head.etag)


def download(connection: Connection, uri: str, remainder: Remainder = WHOLE) -> Download:
    """The object at this address. Raises InvalidFields, NoSuchObject, NotPossible and Unavailable."""
    bucket, key = split_uri(uri)
    with calls_to_place(connection, bucket, key, needs="s3:GetObject") as target:
        object_download = open_download(target, bucket, key, remainder) if key else None
    if object_download is None:
        raise NoSuchObject(f"There is no object {uri}.")
    return object_download
