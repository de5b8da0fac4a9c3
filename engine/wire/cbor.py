"""CBOR (RFC 8949) as far as the Smithy RPC v2 protocol uses it; decision 21 says why not cbor2."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

#: Maximum nesting depth, far above that of honest requests.
_DEEPEST = 64
#: Maximum number of values in a request; GetMetricData with its maximum of 500 queries has half of them.
_MOST_ITEMS = 100_000

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE_OR_FLOAT = range(8)
_INDEFINITE = 31
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_EPOCH_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A time to write, in epoch seconds. Times are read as plain numbers."""

    seconds: float


class BadCbor(ValueError):
    """The bytes are not exactly one valid CBOR item."""


def dumps(value: Any) -> bytes:
    """Encode a value of dicts, lists, str, bytes, numbers, booleans, None and Timestamps."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def loads(data: bytes) -> Any:
    """Decode the single item in `data`. Tags are ignored. Raises BadCbor."""
    reader = _Reader(data)
    try:
        value = reader.item(0)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise BadCbor(f"the item is cut short or broken: {error}") from None
    if reader.position != len(data):
        raise BadCbor(f"{len(data) - reader.position} bytes follow the item")
    return value


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out.append(_SIMPLE_OR_FLOAT << 5 | (22 if value is None else 20 + value))
    elif isinstance(value, int):
        _head(out, _UNSIGNED if value >= 0 else _NEGATIVE, value if value >= 0 else -1 - value)
    elif isinstance(value, float):
        out.append(_SIMPLE_OR_FLOAT << 5 | 27)
        out += struct.pack(">d", value)
    elif isinstance(value, Timestamp):
        _head(out, _TAG, _EPOCH_SECONDS)
        _write(out, value.seconds)
    elif isinstance(value, str | bytes):
        content = value.encode() if isinstance(value, str) else value
        _head(out, _TEXT if isinstance(value, str) else _BYTES, len(content))
        out += content
    elif isinstance(value, dict):
        _head(out, _MAP, len(value))
        for key, member in value.items():
            _write(out, key)
            _write(out, member)
    else:
        _head(out, _ARRAY, len(value))
        for member in value:
            _write(out, member)


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    out.append(major << 5 | 23 + size.bit_length())
    out += number.to_bytes(size, "big")


class _Reader:
    """Reads items in order. Raises BadCbor; IndexError and struct.error at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._items = 0
        self.position = 0

    def item(self, depth: int) -> Any:
        """Read the next item; `depth` is the number of items around it."""
        self._items += 1
        if self._items > _MOST_ITEMS:
            raise BadCbor(f"there are more than {_MOST_ITEMS} values")
        if depth > _DEEPEST:
            raise BadCbor(f"items are nested more than {_DEEPEST} deep")
        major, form = divmod(self._take(1)[0], 32)
        if major == _SIMPLE_OR_FLOAT:
            return self._simple_or_float(form)
        if form == _INDEFINITE:
            return self._indefinite(major, depth)
        number = self._number(form)
        if major in (_UNSIGNED, _NEGATIVE):
            return number if major == _UNSIGNED else -1 - number
        if major in (_BYTES, _TEXT):
            content = self._take(number)
            return content if major == _BYTES else content.decode()
        if major == _ARRAY:
            return [self.item(depth + 1) for _ in range(number)]
        if major == _MAP:
            return dict(self._pair(depth) for _ in range(number))
        return self.item(depth + 1)

    def _indefinite(self, major: int, depth: int) -> Any:
        members: list[Any] = []
        while self._data[self.position] != 0xFF:
            members.append(self._pair(depth) if major == _MAP else self.item(depth + 1))
        self.position += 1
        if major == _ARRAY:
            return members
        if major == _MAP:
            return dict(members)
        empty: Any = {_TEXT: "", _BYTES: b""}.get(major)
        if empty is None or not all(isinstance(member, type(empty)) for member in members):
            raise BadCbor("an indefinite length where there can be none")
        return empty.join(members)

    def _pair(self, depth: int) -> tuple[Any, Any]:
        key = self.item(depth + 1)
        if not isinstance(key, str):
            raise BadCbor("a key that is no text")
        return key, self.item(depth + 1)

    def _simple_or_float(self, form: int) -> Any:
        if form in _FLOATS:
            value = struct.unpack(_FLOATS[form], self._take(1 << form - 24))[0]
            if not math.isfinite(value):
                raise BadCbor("a number that is not finite")
            return value
        if form not in _SIMPLE:
            raise BadCbor(f"the simple value {form}")
        return _SIMPLE[form]

    def _number(self, form: int) -> int:
        if form < 24:
            return form
        if form > 27:
            raise BadCbor(f"a length of the form {form}")
        return int.from_bytes(self._take(1 << form - 24), "big")

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self._data):
            raise IndexError("the data ends before the item does")
        content = self._data[self.position : end]
        self.position = end
        return content
