"""RecordIO with SageMaker's protobuf records: rows of features in, selected predictions out."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

_MAGIC = 0xCED7230A
#: The types of tensors by the number of their field in `Value`, and how NumPy reads packed values of each.
_FLOAT32, _FLOAT64, _INT32 = 2, 3, 7
_PACKED = {_FLOAT32: "<f4", _FLOAT64: "<f8"}
#: Fields of `Record`, and of its tensors.
_FEATURES, _LABEL = 1, 2
_VALUES, _KEYS, _SHAPE = 1, 2, 3

Message = list[tuple[int, Any]]


class BadRecord(ValueError):
    """The payload is not RecordIO of protobuf records."""


def read_records(payload: bytes) -> Any:
    """The features named "values" of each record as a float32 matrix, sparse if one of them has keys.

    Raises BadRecord.
    """
    tensors = [tensor for record in _split(payload) if (tensor := _features(record)) is not None]
    if not tensors:
        raise BadRecord("No records found in RecordIO-Protobuf data")
    if all(columns is None for _, columns, _ in tensors):
        lengths = {len(values) for values, _, _ in tensors}
        if len(lengths) > 1:
            raise BadRecord(f"The records have different numbers of values: {sorted(lengths)}")
        return np.stack([values for values, _, _ in tensors]).astype(np.float32)
    widths = {width for _, _, width in tensors}
    if len(widths) > 1:
        raise BadRecord(f"The records have different numbers of columns: {sorted(widths)}")
    rows = [sparse.csr_matrix((v, c, [0, len(c)]), shape=(1, w)) for v, c, w in map(_sparse_row, tensors)]
    return sparse.vstack(rows).tocsr().astype(np.float32)


def _sparse_row(tensor: Any) -> Any:
    values, columns, width = tensor
    return values, np.arange(len(values)) if columns is None else columns, width


def _split(payload: bytes) -> Iterator[bytes]:
    position = 0
    while position + 8 <= len(payload):
        magic, length = struct.unpack_from("<II", payload, position)
        if magic != _MAGIC:
            raise BadRecord(f"Invalid RecordIO magic at offset {position}")
        position += 8
        if position + length > len(payload):
            raise BadRecord(f"Truncated record at offset {position}")
        yield payload[position : position + length]
        position += (length + 3) // 4 * 4


def _features(record: bytes) -> Any:
    """The values, the columns they are in (None if they are in order) and the width; None without "values"."""
    for field, entry in _message(record):
        if field != _FEATURES:
            continue
        pair = dict(_message(entry))
        if pair.get(1) == b"values":
            return _tensor(pair.get(2, b""))
    return None


def _tensor(value: bytes) -> Any:
    kind, tensor = next(iter(_message(value)), (_FLOAT32, b""))
    parts: dict[int, list[Any]] = {_VALUES: [], _KEYS: [], _SHAPE: []}
    for field, content in _message(tensor):
        if field in parts:
            parts[field].append(content)
    values = np.concatenate([_numbers(kind, content) for content in parts[_VALUES]] or [np.zeros(0)])
    columns = [key for content in parts[_KEYS] for key in _whole_numbers(content)]
    shape = [size for content in parts[_SHAPE] for size in _whole_numbers(content)]
    if not columns and (len(values) or not shape):
        return values, None, len(values)
    if len(columns) != len(values):
        raise BadRecord(f"A record has {len(columns)} keys for {len(values)} values")
    width = int(shape[0]) if shape else max(columns) + 1
    if columns and max(columns) >= width:
        raise BadRecord(f"A record has the key {max(columns)} and {width} columns")
    return values, np.array(columns, dtype=np.int64), width


def _numbers(kind: int, content: Any) -> Any:
    if kind == _INT32:
        return np.array([_signed(number) for number in _whole_numbers(content)], dtype=np.float64)
    if kind not in _PACKED:
        raise BadRecord("A record's values are no tensor of numbers")
    size = np.dtype(_PACKED[kind]).itemsize
    if not isinstance(content, bytes) or len(content) % size:
        raise BadRecord("A record's tensor is cut off")
    return np.frombuffer(content, dtype=_PACKED[kind])


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def _whole_numbers(content: Any) -> list[int]:
    """Packed varints, or the one that stands for itself."""
    if isinstance(content, int):
        return [content]
    numbers, position = [], 0
    while position < len(content):
        number, position = _varint(content, position)
        numbers.append(number)
    return numbers


def _message(content: bytes) -> Message:
    """The fields of a protobuf message in their order: bytes, or numbers for varints."""
    fields: Message = []
    position = 0
    while position < len(content):
        key, position = _varint(content, position)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(content, position)
            fields.append((field, value))
            continue
        if wire == 2:
            length, position = _varint(content, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise BadRecord(f"A record has a field of the unknown wire type {wire}")
        if position + length > len(content):
            raise BadRecord("A record is cut off")
        fields.append((field, content[position : position + length]))
        position += length
    return fields


def _varint(content: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while position < len(content):
        byte = content[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
    raise BadRecord("A record is cut off")


def write_records(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A record for each row, its values as float32 labels.

    The image never empties its buffer of records: the n-th record is the first n, one behind the other. A reader
    of protobuf takes the last label of each name, which is the row's own.
    """
    records = b""
    written = []
    for row in rows:
        for name, value in row.items():
            numbers = value if isinstance(value, list) else [value]
            packed = _field(_VALUES, np.array(numbers, dtype="<f4").tobytes())
            records += _field(_LABEL, _field(1, name.encode()) + _field(2, _field(_FLOAT32, packed)))
        written.append(struct.pack("<II", _MAGIC, len(records)) + records + b"\0" * (-len(records) % 4))
    return b"".join(written)


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | 2) + _encoded(len(content)) + content


def _encoded(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
