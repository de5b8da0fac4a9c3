"""Converts an operation's answer to a JSON or CBOR document by its botocore shape."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def serialize(shape: Shape, value: Any, timestamp: Callable[[float], Any] = float) -> Any:
    """Convert a value of the shape. Unknown members and members that are None are omitted; blobs become Base64.

    A timestamp is a datetime or epoch seconds; it is rounded to milliseconds, as by AWS, and passed to `timestamp`.
    """
    if isinstance(shape, StructureShape):
        return {
            name: serialize(member, value[name], timestamp)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [serialize(shape.member, item, timestamp) for item in value]
    if isinstance(shape, MapShape):
        return {key: serialize(shape.value, item, timestamp) for key, item in value.items()}
    if shape.type_name == "timestamp":
        seconds = value.timestamp() if isinstance(value, datetime) else float(value)
        return timestamp(round(seconds, 3))
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value
