"""The model registry: package groups with numbered versions, and packages without a group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.paging import PageQuery
from engine.store.tags import insert_tags

PackageOrder = Literal["Name", "CreationTime"]

_GROUP_ORDERS: dict[PackageOrder, tuple[str, ...]] = {"Name": ("name",), "CreationTime": ("created", "name")}
_ORDERS: dict[PackageOrder, tuple[str, ...]] = {
    "Name": ("name", "version"),
    "CreationTime": ("created", "name", "version"),
}
_SELECT_GROUP = "SELECT name, arn, request, created FROM package_groups"
_SELECT = "SELECT name, version, arn, request, created, modified FROM packages"


@dataclass(frozen=True, slots=True)
class PackageGroupRow:
    """A model package group. `request` are the parameters of CreateModelPackageGroup, `created` is in epoch seconds."""

    name: str
    arn: str
    request: dict[str, Any]
    created: float


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A model package. Times are epoch seconds.

    `name` is the group's name with a `version` of at least 1, or the package's own name with version 0. `request` are
    the parameters of CreateModelPackage with the changes by UpdateModelPackage.
    """

    name: str
    version: int
    arn: str
    request: dict[str, Any]
    created: float
    modified: float | None


def group_position(row: PackageGroupRow, order: PackageOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.name] if order == "Name" else [row.created, row.name]


def package_position(row: PackageRow, order: PackageOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.name, row.version] if order == "Name" else [row.created, row.name, row.version]


class Packages:
    """The tables of the registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_group(self, row: PackageGroupRow, tags: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Add a group and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT INTO package_groups (name, arn, request, created) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (row.name, row.arn, json.dumps(row.request), row.created),
            ).rowcount
            if inserted:
                insert_tags(connection, row.arn, tags)
        return inserted == 1

    def group(self, name: str) -> PackageGroupRow | None:
        """The group with that name, or None."""
        rows = self._database.read(f"{_SELECT_GROUP} WHERE name = ?", (name,))
        return _group_row(rows[0]) if rows else None

    def delete_group(self, name: str) -> bool:
        """Delete a group without versions; False if it has versions or does not exist."""
        return (
            self._database.write(
                "DELETE FROM package_groups WHERE name = ? "
                "AND NOT EXISTS (SELECT 1 FROM packages WHERE name = ? AND version > 0)",
                (name, name),
            )
            == 1
        )

    def add_version(self, group: str, request: Mapping[str, Any]) -> PackageRow | None:
        """Add the group's next version; None if the group does not exist. Version numbers are never reused."""
        with self._database.transaction() as connection:
            group_row = connection.execute(
                "UPDATE package_groups SET versions = versions + 1 WHERE name = ? RETURNING versions, arn",
                (group,),
            ).fetchone()
            if group_row is None:
                return None
            version, group_arn = group_row
            arn = f"{group_arn.replace(':model-package-group/', ':model-package/')}/{version}"
            row = PackageRow(group, version, arn, dict(request), now(), None)
            _insert(connection.execute, row)
        return row

    def add_unversioned(self, row: PackageRow, tags: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Add a package without a group, and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted: int = _insert(connection.execute, row).rowcount
            if inserted:
                insert_tags(connection, row.arn, tags)
        return inserted == 1

    def by_path(self, path: str) -> PackageRow | None:
        """The package with that name, or the version "group/version"; None if it does not exist."""
        name, slash, version = path.partition("/")
        if version == "0":
            return None  # 0 is our own number for packages without a group, not a version.
        rows = self._database.read(
            f"{_SELECT} WHERE name = ? AND CAST(version AS TEXT) = ?", (name, version if slash else "0")
        )
        return _row(rows[0]) if rows else None

    def by_client_token(self, token: str, name: str, *, versioned: bool) -> PackageRow | None:
        """The group's version, or the package without a group, that was created with that ClientToken; or None."""
        rows = self._database.read(
            f"{_SELECT} WHERE json_extract(request, '$.ClientToken') = ? AND name = ? AND (version > 0) = ?",
            (token, name, versioned),
        )
        return _row(rows[0]) if rows else None

    def change(self, row: PackageRow, request: Mapping[str, Any]) -> None:
        """Replace the package's request."""
        self._database.write(
            "UPDATE packages SET request = ?, modified = ? WHERE name = ? AND version = ?",
            (json.dumps(request), now(), row.name, row.version),
        )

    def delete(self, row: PackageRow) -> bool:
        """Delete the package; False if it does not exist."""
        return (
            self._database.write(
                "DELETE FROM packages WHERE name = ? AND version = ?", (row.name, row.version)
            )
            == 1
        )

    def list_groups(
        self,
        *,
        name_contains: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        sort_by: PackageOrder = "CreationTime",
        ascending: bool = True,
        limit: int = 10,
        after: list[Any] | None = None,
        names: Sequence[str] = (),
    ) -> list[PackageGroupRow]:
        """Up to `limit` groups that match all filters, starting behind the position `after`.

        `names` are allowed names, with `x*` for all names that start with x; empty allows all.
        """
        query = PageQuery(_SELECT_GROUP)
        query.where_named(name_contains, names)
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(_GROUP_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_group_row(row) for row in self._database.read(sql, parameters)]

    def list(
        self,
        *,
        group: str | None = None,
        versioned: bool | None = None,
        approval: str | None = None,
        name_contains: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        sort_by: PackageOrder = "CreationTime",
        ascending: bool = True,
        limit: int = 10,
        after: list[Any] | None = None,
    ) -> list[PackageRow]:
        """Up to `limit` packages that match all filters, starting behind the position `after`."""
        query = PageQuery(_SELECT)
        query.where("version > 0 AND name = ?", group)
        query.where("(version > 0) = ?", versioned)
        query.where("json_extract(request, '$.ModelApprovalStatus') = ?", approval)
        query.where_named(name_contains)
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_row(row) for row in self._database.read(sql, parameters)]


def _insert(execute: Any, row: PackageRow) -> Any:
    return execute(
        "INSERT INTO packages (name, version, arn, request, created) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (row.name, row.version, row.arn, json.dumps(row.request), row.created),
    )


def _group_row(columns: tuple[Any, ...]) -> PackageGroupRow:
    name, arn, request, created = columns
    return PackageGroupRow(name, arn, json.loads(request), created)


def _row(columns: tuple[Any, ...]) -> PackageRow:
    name, version, arn, request, *times = columns
    return PackageRow(name, version, arn, json.loads(request), *times)
