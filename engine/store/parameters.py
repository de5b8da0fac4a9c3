"""Parameters of Systems Manager's Parameter Store, with their versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.tags import insert_tags

#: Versions of a parameter that are retained (ParameterMaxVersionLimitExceeded in the API reference).
_MOST_VERSIONS = 100

_SELECT = "SELECT name, version, request, modified FROM parameters"
_NEWEST = "version = (SELECT max(version) FROM parameters AS other WHERE other.name = parameters.name)"


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A version of a parameter. `request` are PutParameter's parameters, `modified` is in epoch seconds."""

    name: str
    version: int
    request: dict[str, Any]
    modified: float


class ParameterStore:
    """The table of parameters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        name: str,
        arn: str,
        request: Mapping[str, Any],
        tags: Mapping[str, str] = MappingProxyType({}),
        *,
        after: int,
    ) -> int | None:
        """Add the version behind `after`, 0 for a new parameter; returns its number.

        None, without any change, if `after` is not the newest version any more.
        """
        with self._database.transaction() as connection:
            newest = connection.execute(
                "SELECT coalesce(max(version), 0) FROM parameters WHERE name = ?", (name,)
            ).fetchone()[0]
            if newest != after:
                return None
            connection.execute(
                "INSERT INTO parameters (name, version, request, modified) VALUES (?, ?, ?, ?)",
                (name, after + 1, json.dumps(request), now()),
            )
            connection.execute(
                "DELETE FROM parameters WHERE name = ? AND version <= ?", (name, after + 1 - _MOST_VERSIONS)
            )
            insert_tags(connection, arn, tags)
        return after + 1

    def get(self, name: str, version: int | None = None) -> ParameterRow | None:
        """A version of the parameter, the newest by default, or None."""
        condition = "version = ?" if version is not None else _NEWEST
        parameters = (name,) if version is None else (name, version)
        rows = self._database.read(f"{_SELECT} WHERE name = ? AND {condition}", parameters)
        return _row(rows[0]) if rows else None

    def delete(self, name: str, arn: str) -> bool:
        """Delete all versions and tags of the parameter; False if it does not exist."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            return connection.execute("DELETE FROM parameters WHERE name = ?", (name,)).rowcount > 0

    def list(self) -> list[ParameterRow]:
        """The newest versions of all parameters, by name."""
        return [_row(row) for row in self._database.read(f"{_SELECT} WHERE {_NEWEST} ORDER BY name")]


def _row(columns: tuple[Any, ...]) -> ParameterRow:
    name, version, request, modified = columns
    return ParameterRow(name, version, json.loads(request), modified)
