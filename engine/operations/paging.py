"""Pages of listings and their opaque tokens. A token holds the last row's position, so that pages stay correct
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

#: Default MaxResults of SageMaker's List operations (API reference).
_PAGE = 10


def make_token(listing: str, position: Position) -> str:
    """A token that continues behind `position`. `listing` names the operation and its order."""
    return base64.urlsafe_b64encode(json.dumps([listing, *position]).encode()).decode()


def read_token(listing: str, token: str, like: tuple[type, ...]) -> Position | None:
    """The position in a token of `make_token` for the same listing; None if the token is invalid.

    `like` are the required types of the position's values: other values must not reach a query.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != len(like) + 1 or values[0] != listing:
        return None
    position = values[1:]
    is_valid = all(_is_valid(value, kind) for value, kind in zip(position, like, strict=True))
    return position if is_valid else None


def first_position(params: dict[str, Any], listing: str, like: tuple[type, ...]) -> Position | None:
    """The position in the parameters' NextToken; None for the first page.

    Raises ServiceError(ValidationException) for a NextToken of another listing.
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
    """The rows for a SageMaker List operation, and {"NextToken": …} if more rows follow.

    `read` is the store's listing. `orders` has the types of a position's values by SortBy. `ascending` is the default
    order, which differs between operations (API reference).
    Raises ServiceError(ValidationException) for a NextToken of another listing.
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


def created_page(
    params: dict[str, Any],
    read: Callable[..., list[Row]],
    *,
    listing: str,
    orders: Mapping[Any, tuple[type, ...]],
    position: Callable[[Row, Any], Position],
) -> tuple[list[Row], dict[str, Any]]:
    """As `list_page`, for the operations whose filters are named CreatedAfter and CreatedBefore: those of pipelines."""
    times = {
        "CreationTimeAfter": params.get("CreatedAfter"),
        "CreationTimeBefore": params.get("CreatedBefore"),
    }

    def read_page(*, name_contains: None, **page: Any) -> list[Row]:
        return read(**page)

    return list_page({**params, **times}, read_page, listing=listing, orders=orders, position=position)


def epoch_seconds(params: dict[str, Any], name: str) -> float | None:
    """The timestamp parameter in epoch seconds; None if it is absent."""
    moment = params.get(name)
    return None if moment is None else moment.timestamp()


def _is_valid(value: Any, kind: type) -> bool:
    """Whether the value has that type and SQLite can compare it."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return value.isascii() or value.encode(errors="ignore").decode() == value
    return isinstance(value, int | float) and -(2**63) <= value < 2**63
