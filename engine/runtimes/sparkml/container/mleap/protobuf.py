"""The wire format of protocol buffers: a message as the values of its numbered fields."""

from __future__ import annotations

import struct

import numpy as np

from .faults import BadBundle

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
#: Maximum bytes of a variable-length number.
_VARINT_BYTES = 10
_MASK = 2**64 - 1


class Message:
    """The fields of one message by number, each with its raw values in their order.

    A raw value is an int (variable-length numbers) or bytes (everything else).
    """

    def __init__(self, data: bytes) -> None:
        """Split `data` into fields. Raises BadBundle if it is not a message."""
        self._fields: dict[int, list[int | bytes]] = {}
        position = 0
        while position < len(data):
            key, position = read_varint(data, position)
            value, position = _read_value(data, position, key & 7)
            self._fields.setdefault(key >> 3, []).append(value)

    def has(self, number: int) -> bool:
        """Whether the message has the field."""
        return number in self._fields

    def numbers(self) -> set[int]:
        """The numbers of the message's fields."""
        return set(self._fields)

    def integer(self, number: int) -> int:
        """The last value of an integer field, 0 without one."""
        value = self._fields.get(number, [0])[-1]
        if not isinstance(value, int):
            raise BadBundle(f"field {number} is not an integer")
        return value - 2**64 if value >= 2**63 else value

    def double(self, number: int) -> float:
        """The last value of a double field, 0.0 without one."""
        return float(struct.unpack("<d", self._sized(number, 8))[0]) if self.has(number) else 0.0

    def float32(self, number: int) -> float:
        """The last value of a float field, 0.0 without one."""
        return float(struct.unpack("<f", self._sized(number, 4))[0]) if self.has(number) else 0.0

    def raw(self, number: int) -> bytes:
        """The last value of a bytes field, empty without one."""
        values = self._byte_strings(number)
        return values[-1] if values else b""

    def text(self, number: int) -> str:
        """The last value of a string field, empty without one."""
        return _decoded(self.raw(number))

    def texts(self, number: int) -> list[str]:
        """All values of a repeated string field."""
        return [_decoded(value) for value in self._byte_strings(number)]

    def message(self, number: int) -> Message:
        """The last value of a message field; an empty message without one."""
        return Message(self.raw(number))

    def messages(self, number: int) -> list[Message]:
        """All values of a repeated message field."""
        return [Message(value) for value in self._byte_strings(number)]

    def integers(self, number: int) -> list[int]:
        """All values of a repeated integer field, packed or not."""
        numbers: list[int] = []
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                numbers.append(value)
                continue
            position = 0
            while position < len(value):
                item, position = read_varint(value, position)
                numbers.append(item)
        return [item - 2**64 if item >= 2**63 else item for item in numbers]

    def doubles(self, number: int) -> list[float]:
        """All values of a repeated double field, packed or not."""
        return self._packed(number, "<f8")

    def floats(self, number: int) -> list[float]:
        """All values of a repeated float field, packed or not."""
        return self._packed(number, "<f4")

    def _packed(self, number: int, kind: str) -> list[float]:
        data = b"".join(self._byte_strings(number))
        if len(data) % np.dtype(kind).itemsize:
            raise BadBundle(f"field {number} ends in the middle of a number")
        return [float(value) for value in np.frombuffer(data, dtype=kind)]

    def _byte_strings(self, number: int) -> list[bytes]:
        values = self._fields.get(number, [])
        strings = [value for value in values if isinstance(value, bytes)]
        if len(strings) < len(values):
            raise BadBundle(f"field {number} is an integer")
        return strings

    def _sized(self, number: int, size: int) -> bytes:
        value = self.raw(number)
        if len(value) != size:
            raise BadBundle(f"field {number} has {len(value)} bytes instead of {size}")
        return value


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The variable-length number at that position, unsigned, and the position behind it. Raises BadBundle."""
    value = 0
    for count in range(_VARINT_BYTES):
        if position + count >= len(data):
            raise BadBundle("the message ends in the middle of a number")
        byte = data[position + count]
        value |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value & _MASK, position + count + 1
    raise BadBundle("a number has more than ten bytes")


def _read_value(data: bytes, position: int, kind: int) -> tuple[int | bytes, int]:
    if kind == _VARINT:
        return read_varint(data, position)
    if kind == _BYTES:
        size, position = read_varint(data, position)
    elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
        size = 8 if kind == _EIGHT_BYTES else 4
    else:
        raise BadBundle(f"wire type {kind} is not one of protocol buffers")
    if position + size > len(data):
        raise BadBundle("the message ends in the middle of a field")
    return data[position : position + size], position + size


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadBundle(f"a text is not UTF-8: {error.reason}") from error
