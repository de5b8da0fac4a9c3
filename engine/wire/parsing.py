"""Converts a request's JSON to the types of a botocore shape, or raises a SerializationException.

`engine.wire.validation` checks limits, enums and patterns. As in AWS's JSON services, unknown members are ignored
and null means absent.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from engine.errors import ServiceError

#: Maximum items of a list or map without a limit in its model.
_MOST_ITEMS = 1000
_INTEGER_BITS = {"integer": 32, "long": 64}


def most_items(shape: Shape) -> int:
    """The maximum number of items of a list or map: the model's limit, else a bound of our own."""
    limit: int = shape.metadata.get("max", _MOST_ITEMS)
    return limit


def parse(shape: Shape, value: Any) -> Any:
    """Convert a JSON value to the shape's Python type: timestamps to aware datetimes, blobs to bytes.

    Reads at most one item more than a list or map may have, enough for validation to refuse it.
    Raises ServiceError(SerializationException) if the JSON has another type than the shape.
    """
    return _PARSERS.get(shape.type_name, _unsupported)(shape, value)


def _structure(shape: Shape, value: Any) -> dict[str, Any]:
    assert isinstance(shape, StructureShape)
    if not isinstance(value, dict):
        raise _mismatch(value, "a structure")
    return {
        name: parse(member, value[name])
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _list(shape: Shape, value: Any) -> list[Any]:
    assert isinstance(shape, ListShape)
    if not isinstance(value, list):
        raise _mismatch(value, "a list")
    items = (item for item in value if item is not None)
    return [parse(shape.member, item) for item in islice(items, most_items(shape) + 1)]


def _map(shape: Shape, value: Any) -> dict[str, Any]:
    assert isinstance(shape, MapShape)
    if not isinstance(value, dict):
        raise _mismatch(value, "a map")
    items = ((key, item) for key, item in value.items() if item is not None)
    return {
        parse(shape.key, key): parse(shape.value, item) for key, item in islice(items, most_items(shape) + 1)
    }


def _string(shape: Shape, value: Any) -> str:
    if not isinstance(value, str):
        raise _mismatch(value, "a String")
    try:
        value.encode()
    except UnicodeEncodeError:
        # JSON can contain half of a surrogate pair, which UTF-8 cannot encode.
        raise ServiceError("SerializationException", "A string holds an unpaired surrogate.") from None
    return value


def _integer(shape: Shape, value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _mismatch(value, "an Integer" if shape.type_name == "integer" else "a Long")
    limit = 2 ** (_INTEGER_BITS[shape.type_name] - 1)
    if not -limit <= value < limit:
        raise ServiceError("SerializationException", f"{value} is out of the range of {shape.type_name}.")
    return value


def _float(shape: Shape, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _mismatch(value, "a Double")
    try:
        return float(value)
    except OverflowError:
        raise ServiceError(
            "SerializationException", f"{value} is out of the range of {shape.type_name}."
        ) from None


def _boolean(shape: Shape, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _mismatch(value, "a Boolean")
    return value


def _timestamp(shape: Shape, value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or value == "":
        raise _mismatch(value, "a Timestamp")
    try:
        if isinstance(value, str):
            moment = parse_timestamp(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if not math.isfinite(value):
            raise ValueError(value)
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError, RuntimeError):
        # RuntimeError is botocore's word for a number of seconds beyond all calendars.
        raise ServiceError("SerializationException", f"{value!r} is not a point in time.") from None


def _blob(shape: Shape, value: Any) -> bytes:
    if not isinstance(value, str):
        raise _mismatch(value, "a Blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError("SerializationException", "A blob is not Base64.") from None


def _unsupported(shape: Shape, value: Any) -> Any:
    raise NotImplementedError(f"{shape.name} has the type {shape.type_name}")


_PARSERS: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": _blob,
}


def _mismatch(value: Any, type_phrase: str) -> ServiceError:
    return ServiceError("SerializationException", f"{_kind(value)} can not be converted to {type_phrase}")


def _kind(value: Any) -> str:
    if value is None:
        return "NULL_VALUE"
    if value is True:
        return "TRUE_VALUE"
    if value is False:
        return "FALSE_VALUE"
    kinds = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", list: "START_ARRAY"}
    return kinds.get(type(value), "START_OBJECT")
