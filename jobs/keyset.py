"""Pages of rows that begin where another ended: rows that are added meanwhile shift nothing."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Q, QuerySet

_Rows = TypeVar("_Rows", bound=QuerySet[Any])


def rows_after(
    rows: _Rows,
    columns: tuple[str, str],
    cursor: tuple[Any, Any] | None,
    *,
    descending: bool,
) -> _Rows:
    """`rows` ordered by two columns, the second of which is unique, those after the row with the values in `cursor`.

    All rows if there is no cursor.
    """
    mark, side = ("-", "lt") if descending else ("", "gt")
    rows = rows.order_by(*(f"{mark}{column}" for column in columns))
    if cursor is None:
        return rows
    (column, unique), (value, key) = columns, cursor
    # The first condition is what an index is entered by.
    return rows.filter(
        Q(**{f"{column}__{side}e": value}),
        Q(**{f"{column}__{side}": value}) | Q(**{f"{unique}__{side}": key}),
    )
