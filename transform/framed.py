"""Cutting RecordIO and TFRecord objects into records: bytes in, bytes out, streaming."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from awscrt.checksums import crc32c

from transform.records import PayloadTooLarge

_RECORDIO_MAGIC = struct.pack("<I", 0xCED7230A)
_RECORDIO_HEAD = struct.Struct("<4sI")
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)

_TFRECORD_HEAD = struct.Struct("<8sI")
_TFRECORD_CRC = struct.Struct("<I")


class CorruptRecord(ValueError):
    """The object does not match its SplitType; the message names the byte of the error."""


class Frame(NamedTuple):
    """A record: its bytes in the object, with header and padding, and its payload."""

    framed: bytes
    payload: bytes


class _Bytes:
    """The object's bytes, read in the lengths that its headers name. `at` counts the bytes read."""

    def __init__(self, chunks: Iterable[bytes], kind: str) -> None:
        self._chunks = iter(chunks)
        self._held = bytearray()
        self._start = 0
        self._kind = kind
        self.at = 0

    def take(self, count: int, record: int) -> bytes:
        """The next `count` bytes of the record that begins at byte `record`. Raises CorruptRecord at the end."""
        if not self._has(count):
            raise self.corrupt(record, f"it ends at byte {self.at + len(self._held) - self._start}")
        end = self._start + count
        out = bytes(memoryview(self._held)[self._start : end])
        self._start = end
        self.at += count
        return out

    def more(self) -> bool:
        """Whether any bytes remain."""
        return self._has(1)

    def corrupt(self, record: int, why: str) -> CorruptRecord:
        """The error about the record that begins at byte `record`."""
        return CorruptRecord(f"The {self._kind} record at byte {record} is not whole: {why}")

    def _has(self, count: int) -> bool:
        while len(self._held) - self._start < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            del self._held[: self._start]
            self._start = 0
            self._held += chunk
        return True


def recordio(chunks: Iterable[bytes], limit: int | None) -> Iterator[Frame]:
    """The records of an MXNet RecordIO object; a record in several parts is joined.

    A header of magic and length (29 bits; the upper three tell first, middle and last parts), the data, zeros
    up to a multiple of four. Parts are what a writer makes of data that holds the magic: between two of them it
    belongs back in. `limit` is in bytes. Raises PayloadTooLarge as soon as a header shows it, CorruptRecord.
    """
    data = _Bytes(chunks, "RecordIO")
    while data.more():
        parts = [*_parts(data, limit)]
        yield Frame(
            b"".join(framed for _, framed, _ in parts),
            _RECORDIO_MAGIC.join(payload for _, _, payload in parts),
        )


def tfrecord(chunks: Iterable[bytes], limit: int | None) -> Iterator[Frame]:
    """The records of a TFRecord object: length (8 bytes), its checksum, the data, their checksum.

    `limit` is in bytes. Raises PayloadTooLarge as soon as a header shows it, CorruptRecord, also when a
    checksum is not that of what it stands behind.
    """
    data = _Bytes(chunks, "TFRecord")
    while data.more():
        start = data.at
        head = data.take(_TFRECORD_HEAD.size, start)
        length_bytes, checksum = _TFRECORD_HEAD.unpack(head)
        if masked_crc32c(length_bytes) != checksum:
            raise data.corrupt(start, "its length has another checksum")
        length = int.from_bytes(length_bytes, "little")
        if limit is not None and length > limit:
            raise PayloadTooLarge(limit, "A record")
        data_and_checksum = data.take(length + _TFRECORD_CRC.size, start)
        payload = data_and_checksum[:length]
        if _TFRECORD_CRC.unpack_from(data_and_checksum, length) != (masked_crc32c(payload),):
            raise data.corrupt(start, "its data have another checksum")
        yield Frame(head + data_and_checksum, payload)


def masked_crc32c(data: bytes) -> int:
    """A CRC-32C in TFRecord's form: rotated and with a constant added."""
    value: int = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def payloads_of(frames: Iterable[Frame]) -> Iterator[bytes]:
    """SingleRecord: the payload of each record, without header and padding (CreateTransformJob, SplitType).

    Empty records are skipped, as empty lines are.
    """
    return (frame.payload for frame in frames if frame.payload)


def batches_of(frames: Iterable[Frame], limit: int, *, longer_alone: bool = False) -> Iterator[bytes]:
    """MultiRecord: as many whole records, header and padding included, as fit in `limit` bytes.

    A longer one raises PayloadTooLarge, or goes alone if `longer_alone`.
    """
    batch: list[bytes] = []
    size = 0
    for framed, _ in frames:
        if len(framed) > limit and not longer_alone:
            raise PayloadTooLarge(limit, "A record")
        if batch and size + len(framed) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(framed)
        size += len(framed)
    if batch:
        yield b"".join(batch)


class _Part(NamedTuple):
    flag: int
    framed: bytes
    payload: bytes


def _parts(data: _Bytes, limit: int | None) -> Iterator[_Part]:
    """The parts of the next RecordIO record; a whole record is its only part."""
    start = data.at
    part = _part(data, start, 0, limit)
    if part.flag not in (_WHOLE, _FIRST):
        raise data.corrupt(start, "it begins in the middle")
    yield part
    size = len(part.payload)
    while part.flag not in (_WHOLE, _LAST):
        part = _part(data, start, size + len(_RECORDIO_MAGIC), limit)
        if part.flag not in (_MIDDLE, _LAST):
            raise data.corrupt(start, "its last part is missing")
        yield part
        size += len(_RECORDIO_MAGIC) + len(part.payload)


def _part(data: _Bytes, start: int, before: int, limit: int | None) -> _Part:
    """The next part of the record that begins at `start`, of which there are `before` bytes already."""
    at = data.at
    head = data.take(_RECORDIO_HEAD.size, start)
    magic, word = _RECORDIO_HEAD.unpack(head)
    if magic != _RECORDIO_MAGIC:
        raise data.corrupt(start, f"there is no header at byte {at}")
    length = word & (1 << 29) - 1
    if limit is not None and before + length > limit:
        raise PayloadTooLarge(limit, "A record")
    body = data.take(length + -length % 4, start)
    return _Part(word >> 29, head + body, body[:length])
