"""SELECTs read in pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PageQuery:
    """A SELECT built up from conditions, read in pages that continue after the last row of the page before.

    Continuing from a row's place in the order, instead of counting rows off, keeps pages stable while rows
    are being added, and makes page 1,000 as quick as page 1.
    """

    select: str
    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def where(self, condition: str, value: Any) -> None:
        """Add a condition with one `?`, unless `value` is None (a filter that was not asked for)."""
        if value is not None:
            self.conditions.append(condition)
            self.parameters.append(value)

    def page(
        self, order: Sequence[str], *, ascending: bool, limit: int, after: Sequence[Any] | None = None
    ) -> tuple[str, list[Any]]:
        """SQL and parameters of the `limit` rows that follow `after`, the values of the `order` columns."""
        conditions, parameters = list(self.conditions), list(self.parameters)
        if after is not None:
            marks = ", ".join("?" for _ in order)
            conditions.append(f"({', '.join(order)}) {'>' if ascending else '<'} ({marks})")
            parameters.extend(after)
        direction = "ASC" if ascending else "DESC"
        sql = self.select
        if conditions:
            sql += " WHERE " + " AND ".join(conditions)
        sql += " ORDER BY " + ", ".join(f"{column} {direction}" for column in order) + " LIMIT ?"
        return sql, [*parameters, limit]


def glob_patterns(names: Sequence[str]) -> str | None:
    """Names, `x*` for all that begin so, as a JSON list that GLOB compares with; None, no filter, where there are none.

    `x*` is the only pattern: names have no other character that GLOB reads as more than itself.
    """
    return json.dumps(names) if names else None
