"""Paged SELECT queries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_HAS_ALLOWED = "EXISTS (SELECT 1 FROM json_each(?) WHERE {column} GLOB value)"


@dataclass(slots=True)
class PageQuery:
    """A SELECT built from conditions and read in pages, each starting behind the last row of the previous one.

    Unlike an OFFSET, this keeps pages stable while rows are added, and page 1,000 is as fast as page 1.
    """

    select: str
    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def where(self, condition: str, value: Any) -> None:
        """Add a condition with one `?` for `value`; does nothing if `value` is None."""
        if value is not None:
            self.conditions.append(condition)
            self.parameters.append(value)

    def where_allowed(self, column: str, names: Sequence[str]) -> None:
        """Keep the rows whose column has one of these names, with `x*` for all that start with x; empty allows all."""
        if names:
            # `*` is the only special character of GLOB that names can have.
            self.where(_HAS_ALLOWED.format(column=column), json.dumps(names))

    def where_named(self, name_contains: str | None, names: Sequence[str] = ()) -> None:
        """Keep the rows whose name is allowed and has this part."""
        self.where_allowed("name", names)
        self.where("instr(name, ?) > 0", name_contains)

    def where_between(self, column: str, after: float | None, before: float | None) -> None:
        """Keep the rows whose time lies between these, both excluded."""
        self.where(f"{column} > ?", after)
        self.where(f"{column} < ?", before)

    def page(
        self, order: Sequence[str], *, ascending: bool, limit: int, after: Sequence[Any] | None = None
    ) -> tuple[str, list[Any]]:
        """The SQL and parameters for the `limit` rows behind `after`, which has the values of the `order` columns."""
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
