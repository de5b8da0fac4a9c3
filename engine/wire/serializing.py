"""From an operation's answer to a document by its botocore shape: timestamps as epoch seconds, blobs as Base64."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def serialize(shape: Shape, value: Any, timestamp: Callable[[float], Any] = float) -> Any:
    """The JSON value of an operation's value. Members it does not know, or that are None, stay out.

    A timestamp may be given as a datetime or as epoch seconds; it is sent to the millisecond, as AWS does, in the form
    that `timestamp` gives it.
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
