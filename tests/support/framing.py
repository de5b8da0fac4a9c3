"""Writers of RecordIO and TFRecord, for tests of what reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from transform.framed import masked_crc32c

_MAGIC = 0xCED7230A
_MAGIC_BYTES = struct.pack("<I", _MAGIC)


def recordio_bytes(records: Iterable[bytes]) -> bytes:
    """The records as MXNet's writer has them: in parts where the data hold the magic on a multiple of four."""
    return b"".join(_recordio(record) for record in records)


def tfrecord_bytes(records: Iterable[bytes]) -> bytes:
    """The records as TensorFlow's writer has them."""
    return b"".join(_tfrecord(record) for record in records)


def _recordio(record: bytes) -> bytes:
    parts = _parts(record)
    last = len(parts) - 1
    flags = [0] if last == 0 else [1, *[2] * (last - 1), 3]
    return b"".join(
        struct.pack("<II", _MAGIC, flag << 29 | len(part)) + part + bytes(-len(part) % 4)
        for flag, part in zip(flags, parts, strict=True)
    )


def _parts(record: bytes) -> list[bytes]:
    parts, start = [], 0
    for at in range(0, len(record) - 3, 4):
        if record[at : at + 4] == _MAGIC_BYTES:
            parts.append(record[start:at])
            start = at + 4
    return [*parts, record[start:]]


def _tfrecord(record: bytes) -> bytes:
    length = struct.pack("<Q", len(record))
    return b"".join(
        (length, struct.pack("<I", masked_crc32c(length)), record, struct.pack("<I", masked_crc32c(record)))
    )
