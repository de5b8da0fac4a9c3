"""Pipelines and their versions. Names that differ in case only are the same, as in the pipelines' ARNs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.paging import PageQuery
from engine.store.request_tokens import insert_token
from engine.store.tags import insert_tags

PipelineOrder = Literal["Name", "CreationTime"]

_ORDERS: dict[PipelineOrder, tuple[str, ...]] = {"Name": ("key",), "CreationTime": ("created", "key")}
_SELECT = (
    "SELECT name, arn, request, version, created, modified, last_run, created_by, modified_by FROM pipelines"
)
_SELECT_VERSION = "SELECT version, definition, created, last_execution FROM pipeline_versions"


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A pipeline. Times are epoch seconds.

    `request` are the parameters of CreatePipeline with the changes by UpdatePipeline, without the definition, which is
    that of the newest version, `version`. `created_by` and `modified_by` are ARNs.
    """

    name: str
    arn: str
    request: dict[str, Any]
    version: int
    created: float
    modified: float
    last_run: float | None
    created_by: str
    modified_by: str

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a pipeline: its definition, and the ARN of its last execution."""

    version: int
    definition: str
    created: float
    last_execution: str | None


def pipeline_position(row: PipelineRow, order: PipelineOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.key] if order == "Name" else [row.created, row.key]


class Pipelines:
    """The tables of pipelines and their versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        row: PipelineRow,
        definition: str,
        token: str,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Add a pipeline with its first version and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT INTO pipelines (key, name, arn, request, version, created, modified, created_by, modified_by) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    row.key,
                    row.name,
                    row.arn,
                    json.dumps(row.request),
                    row.version,
                    row.created,
                    row.modified,
                    row.created_by,
                    row.modified_by,
                ),
            ).rowcount
            if inserted:
                _insert_version(connection, row.key, row.version, definition, row.created)
                insert_tags(connection, row.arn, tags)
                insert_token(connection, "CreatePipeline", token, row.arn)
        return inserted == 1

    def get(self, name: str) -> PipelineRow | None:
        """The pipeline with that name in any case, or None."""
        rows = self._database.read(f"{_SELECT} WHERE key = ?", (name.lower(),))
        return _row(rows[0]) if rows else None

    def change(
        self, row: PipelineRow, request: Mapping[str, Any], definition: str | None, by: str
    ) -> int | None:
        """Replace the request and, with a definition, add a version; returns the newest version.

        None if the pipeline does not exist any more.
        """
        at = now()
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE pipelines SET request = ?, modified = ?, modified_by = ?, version = version + ? "
                "WHERE key = ? RETURNING version",
                (json.dumps(request), at, by, definition is not None, row.key),
            ).fetchone()
            if changed is None:
                return None
            version: int = changed[0]
            if definition is not None:
                _insert_version(connection, row.key, version, definition, at)
        return version

    def version(self, key: str, version: int) -> VersionRow | None:
        """The version with that number, or None."""
        rows = self._database.read(f"{_SELECT_VERSION} WHERE pipeline = ? AND version = ?", (key, version))
        return VersionRow(*rows[0]) if rows else None

    def versions(
        self,
        key: str,
        *,
        created_after: float | None = None,
        created_before: float | None = None,
        ascending: bool = False,
        limit: int = 10,
        after: list[Any] | None = None,
    ) -> list[VersionRow]:
        """Up to `limit` versions, sorted by number, starting behind the position `after`."""
        query = PageQuery(_SELECT_VERSION)
        query.where("pipeline = ?", key)
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(["version"], ascending=ascending, limit=limit, after=after)
        return [VersionRow(*row) for row in self._database.read(sql, parameters)]

    def delete(self, row: PipelineRow, token: str) -> bool:
        """Delete the pipeline with its versions, executions and tags; False if one of these is not finished."""
        with self._database.transaction() as connection:
            deleted = connection.execute(
                "DELETE FROM pipelines WHERE key = ? AND NOT EXISTS (SELECT 1 FROM pipeline_executions "
                "WHERE pipeline = ? AND status IN ('Executing', 'Stopping'))",
                (row.key, row.key),
            ).rowcount
            if not deleted:
                return False
            connection.execute("DELETE FROM pipeline_versions WHERE pipeline = ?", (row.key,))
            connection.execute(
                "DELETE FROM pipeline_steps WHERE execution IN "
                "(SELECT arn FROM pipeline_executions WHERE pipeline = ?)",
                (row.key,),
            )
            connection.execute("DELETE FROM pipeline_executions WHERE pipeline = ?", (row.key,))
            connection.execute("DELETE FROM tags WHERE arn = ?", (row.arn,))
            connection.execute(
                "DELETE FROM request_tokens WHERE arn = ? OR instr(arn, ?) = 1",
                (row.arn, f"{row.arn}/execution/"),
            )
            insert_token(connection, "DeletePipeline", token, row.arn)
        return True

    def list(
        self,
        *,
        names: Sequence[str] = (),
        prefix: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        sort_by: PipelineOrder = "CreationTime",
        ascending: bool = False,
        limit: int = 10,
        after: list[Any] | None = None,
    ) -> list[PipelineRow]:
        """Up to `limit` pipelines that match all filters, starting behind the position `after`.

        `names` are allowed names, with `x*` for all names that start with x; empty allows all.
        """
        query = PageQuery(_SELECT)
        query.where_allowed("pipelines.key", [name.lower() for name in names])
        query.where("instr(key, ?) = 1", prefix and prefix.lower())
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_row(row) for row in self._database.read(sql, parameters)]


def _insert_version(
    connection: sqlite3.Connection, key: str, version: int, definition: str, at: float
) -> None:
    connection.execute(
        "INSERT INTO pipeline_versions (pipeline, version, definition, created) VALUES (?, ?, ?, ?)",
        (key, version, definition, at),
    )


def _row(columns: tuple[Any, ...]) -> PipelineRow:
    name, arn, request, *numbers = columns
    return PipelineRow(name, arn, json.loads(request), *numbers)
