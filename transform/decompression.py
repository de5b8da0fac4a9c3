"""CompressionType Gzip: whole objects as streams, or the beginning of one. Bytes in, bytes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_LARGEST_PIECE = 1024 * 1024
_MAGIC = b"\x1f\x8b"


class NotGzip(ValueError):
    """The object is not a gzip file, is damaged, or is cut short."""


def is_gzip(head: bytes) -> bool:
    """Whether an object that starts with these bytes is a gzip."""
    return head.startswith(_MAGIC)


def beginning(head: bytes, limit: int) -> tuple[bytes, bool]:
    """Decompress the first bytes of a gzip, to `limit` bytes at most: a small one may hold gigabytes.

    Reads member after member. The second value is whether the bytes end with a member and all of it is returned. Raises
    NotGzip.
    """
    out, packed_bytes = b"", head
    while packed_bytes and len(out) < limit:
        decompressor = zlib.decompressobj(wbits=31)
        try:
            out += decompressor.decompress(packed_bytes, limit - len(out))
        except zlib.error as error:
            raise NotGzip(f"not valid Gzip: {error}") from error
        if not decompressor.eof:
            return out, False
        packed_bytes = decompressor.unused_data.lstrip(b"\0")
    return out, not packed_bytes


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a stream, member after member; zeros behind a member are ignored, as gzip does.

    Pieces have 1 MiB at most, however well the data were compressed. Raises NotGzip.
    """
    decompressor = None
    for chunk in chunks:
        packed_bytes = chunk
        while packed_bytes := (packed_bytes if decompressor else packed_bytes.lstrip(b"\0")):
            decompressor = decompressor or zlib.decompressobj(wbits=31)
            try:
                out = decompressor.decompress(packed_bytes, _LARGEST_PIECE)
            except zlib.error as error:
                raise NotGzip(f"not valid Gzip: {error}") from error
            if out:
                yield out
            packed_bytes = decompressor.unconsumed_tail
            if decompressor.eof:
                packed_bytes, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise NotGzip("not valid Gzip: the data ends in the middle")
