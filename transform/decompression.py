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
    out, rest = b"", head
    while rest and len(out) < limit:
        decompressor = zlib.decompressobj(wbits=31)
        try:
            out += decompressor.decompress(rest, limit - len(out))
        except zlib.error as error:
            raise NotGzip(f"not valid Gzip: {error}") from error
        if not decompressor.eof:
            return out, False
        rest = decompressor.unused_data.lstrip(b"\0")
    return out, not rest


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a stream, member after member; zeros behind a member are ignored, as gzip does.

    Pieces have 1 MiB at most, however well the data were compressed. Raises NotGzip.
    """
    decompressor = None
    for chunk in chunks:
        rest = chunk
        while rest := (rest if decompressor else rest.lstrip(b"\0")):
            decompressor = decompressor or zlib.decompressobj(wbits=31)
            try:
                out = decompressor.decompress(rest, _LARGEST_PIECE)
            except zlib.error as error:
                raise NotGzip(f"not valid Gzip: {error}") from error
            if out:
                yield out
            rest = decompressor.unconsumed_tail
            if decompressor.eof:
                rest, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise NotGzip("not valid Gzip: the data ends in the middle")
