"""Pages of a listing, and their opaque tokens: a token holds the place of the last row sent, so that pages stay right
while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from engine.errors import validation_error

Position = list[Any]
Row = TypeVar("Row")

#: MaxResults of SageMaker's List operations where the request has none; per the API reference.
_PAGE = 10


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


def list_page(
    params: dict[str, Any],
    read: Callable[..., list[Row]],
    *,
    listing: str,
    orders: Mapping[Any, tuple[type, ...]],
    position: Callable[[Row, Any], Position],
    ascending: bool = False,
) -> tuple[list[Row], dict[str, Any]]:
    """The rows that a SageMaker List operation's `params` ask for, and the answer's NextToken where more follow.

    `read` is the store's listing; `orders` gives, by SortBy, the types of the values of a `position` in it.
    `ascending` is the order if the request names none: the API reference has one default an operation.
    Raises ServiceError(ValidationException) for a NextToken that is not of this listing.
    """
    sort_by = params.get("SortBy", "CreationTime")
    if "SortOrder" in params:
        ascending = params["SortOrder"] == "Ascending"
    limit = params.get("MaxResults", _PAGE)
    name = f"{listing}:{sort_by}:{ascending}"
    rows = read(
        name_contains=params.get("NameContains"),
        created_after=epoch_seconds(params, "CreationTimeAfter"),
        created_before=epoch_seconds(params, "CreationTimeBefore"),
        sort_by=sort_by,
        ascending=ascending,
        limit=limit + 1,
        after=first_position(params, name, orders[sort_by]),
    )
    more = {"NextToken": make_token(name, position(rows[limit - 1], sort_by))} if len(rows) > limit else {}
    return rows[:limit], more


def epoch_seconds(params: dict[str, Any], name: str) -> float | None:
    """A point in time among the parameters, as epoch seconds; None if it is not given."""
    moment = params.get(name)
    return None if moment is None else moment.timestamp()


def _is_sound(value: Any, kind: type) -> bool:
    """Whether the value is of that type and one that SQLite can compare with."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return value.isascii() or value.encode(errors="ignore").decode() == value
    return isinstance(value, int | float) and -(2**63) <= value < 2**63
