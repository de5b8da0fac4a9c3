"""Models. Like SageMaker's, they cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.paging import PageQuery
from engine.store.tags import insert_tags

ModelOrder = Literal["Name", "CreationTime"]

_ORDERS: dict[ModelOrder, tuple[str, ...]] = {"Name": ("name",), "CreationTime": ("created", "name")}
_SELECT = "SELECT name, arn, request, created FROM models"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model. `request` are the parameters of CreateModel, `created` is in epoch seconds."""

    name: str
    arn: str
    request: dict[str, Any]
    created: float


def model_containers(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The container definitions in CreateModel's parameters, in pipeline order."""
    if "PrimaryContainer" in request:
        return [request["PrimaryContainer"]]
    return list(request.get("Containers", []))


def model_position(row: ModelRow, order: ModelOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.name] if order == "Name" else [row.created, row.name]


class Models:
    """The table of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, row: ModelRow, tags: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Add a model and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT INTO models (name, arn, request, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (row.name, row.arn, json.dumps(row.request), row.created),
            ).rowcount
            if inserted:
                insert_tags(connection, row.arn, tags)
        return inserted == 1

    def get(self, name: str) -> ModelRow | None:
        """The model with that name, or None."""
        rows = self._database.read(f"{_SELECT} WHERE name = ?", (name,))
        return _row(rows[0]) if rows else None

    def delete(self, name: str) -> bool:
        """Delete the model; False if it does not exist."""
        return self._database.write("DELETE FROM models WHERE name = ?", (name,)) == 1

    def list(
        self,
        *,
        names: Sequence[str] = (),
        name_contains: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        sort_by: ModelOrder = "CreationTime",
        ascending: bool = False,
        limit: int = 10,
        after: list[Any] | None = None,
    ) -> list[ModelRow]:
        """Up to `limit` models that match all filters, starting behind the position `after`.

        `names` are allowed names, with `x*` for all names that start with x; empty allows all.
        """
        query = PageQuery(_SELECT)
        query.where_named(name_contains, names)
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_row(row) for row in self._database.read(sql, parameters)]


def _row(columns: tuple[Any, ...]) -> ModelRow:
    name, arn, request, created = columns
    return ModelRow(name, arn, json.loads(request), created)
