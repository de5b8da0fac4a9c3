"""From an operation's answer to JSON by its botocore shape: timestamps as epoch seconds, blobs as Base64."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def serialize(shape: Shape, value: Any) -> Any:
    """The JSON value of an operation's value. Members it does not know, or that are None, stay out.

    A timestamp may be given as a datetime or as epoch seconds; it is sent to the millisecond, as AWS does.
    """
    if isinstance(shape, StructureShape):
        return {
            name: serialize(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [serialize(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: serialize(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return round(value.timestamp() if isinstance(value, datetime) else float(value), 3)
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    return value
