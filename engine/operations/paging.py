"""Opaque page tokens: they hold the place of the last row sent, so pages stay right while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from engine.errors import validation_error

Position = list[Any]


def make_token(listing: str, position: Position) -> str:
    """A token to go on from `position` in the `listing`, a name for the operation and its order."""
    return base64.urlsafe_b64encode(json.dumps([listing, *position]).encode()).decode()


def read_token(listing: str, token: str, like: tuple[type, ...]) -> Position | None:
    """The position in a token that `make_token` made for the same listing, or None if it is not one.

    `like` are the types of the position's values: whatever else a client sends must not reach a query.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != len(like) + 1 or values[0] != listing:
        return None
    position = values[1:]
    sound = all(_is_sound(value, kind) for value, kind in zip(position, like, strict=True))
    return position if sound else None


def first_position(params: dict[str, Any], listing: str, like: tuple[type, ...]) -> Position | None:
    """Where the page that SageMaker's parameters ask for begins; None for the first page.

    Raises ServiceError(ValidationException) for a NextToken that is not of this listing.
    """
    token = params.get("NextToken")
    if not token:
        return None
    position = read_token(listing, token, like)
    if position is None:
        raise validation_error("Invalid NextToken.")
    return position


def _is_sound(value: Any, kind: type) -> bool:
    """Whether the value is of that type and one that SQLite can compare with."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return value.isascii() or value.encode(errors="ignore").decode() == value
    return isinstance(value, int | float) and -(2**63) <= value < 2**63
