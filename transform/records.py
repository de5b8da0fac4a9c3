"""Cutting an object's bytes into records: SplitType None and Line. Bytes in, bytes out, streaming."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class UnsupportedSplit(ValueError):
    """The SplitType is unknown."""


class PayloadTooLarge(ValueError):
    """A record, or an object that is not split, is larger than one request may be."""

    def __init__(self, limit: int, subject: str) -> None:
        super().__init__(f"{subject} is larger than MaxPayloadInMB allows ({limit} bytes)")
        self.limit = limit


def whole(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """SplitType None: the object is one record. Nothing comes out of an empty object.

    `limit` is in bytes, None for no limit. Raises PayloadTooLarge as soon as it is passed.
    """
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            raise PayloadTooLarge(limit, "The object")
    if size:
        yield b"".join(parts)


def lines(chunks: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """SplitType Line: one record a line, ended by LF only, terminator kept; the last may lack it.

    `limit` is in bytes, None for no limit. Raises PayloadTooLarge when a record passes it, without waiting
    for the record's end. CR is data: CRLF files come out as they went in.
    """
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start) + 1) > 0:
            pieces.append(chunk[start:end])
            record = b"".join(pieces)
            pieces.clear()
            size = 0
            if limit is not None and len(record) > limit:
                raise PayloadTooLarge(limit, "A record")
            yield record
            start = end
        if start < len(chunk):
            pieces.append(chunk[start:])
            size += len(chunk) - start
        if limit is not None and size > limit:
            raise PayloadTooLarge(limit, "A record")
    if pieces:
        yield b"".join(pieces)
