"""An object in S3, read by ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aws import Target, objects
from jobs.services.errors import Unavailable

#: Bytes read of every object, to see its format and its header.
HEAD = 128 * 1024
#: Bytes of one range for rows of a page, the most it grows to, and for rows that are only counted.
PIECE = 128 * 1024
_LARGEST_PIECE = 1024 * 1024
LONG_PIECE = 4 * 1024 * 1024


@dataclass(slots=True)
class Source:
    """An object and its first bytes; `bytes_read` counts the bytes fetched so far."""

    target: Target
    bucket: str
    key: str
    head: bytes
    size: int
    modified: datetime
    etag: str
    bytes_read: int

    def pieces(self, at: int = 0, length: int = PIECE) -> Iterator[bytes]:
        """The bytes from `at` on in ranges of `length` and more, each fetched when it is needed.

        Raises a GatewayError, and Unavailable if the object was removed meanwhile.
        """
        if at < len(self.head):
            yield self.head[at:]
            at = len(self.head)
        while at < self.size:
            part = objects.part(self.target, self.bucket, self.key, at, length, etag=self.etag)
            if part is None:
                raise Unavailable(f"{self.key} was removed while it was read.")
            self.bytes_read += len(part.body)
            yield part.body
            at += length
            # A page needs one or two ranges; a longer read should not wait for a call each time.
            length = max(length, min(2 * length, _LARGEST_PIECE))


def opened(target: Target, bucket: str, key: str) -> Source | None:
    """Open an object and read its first bytes; None if there is no such object. Raises a GatewayError."""
    part = objects.part(target, bucket, key, 0, HEAD)
    if part is None:
        return None
    return Source(target, bucket, key, part.body, part.size, part.modified, part.etag, len(part.body))
