"""What the tables of transform jobs and of processing jobs have in common: rows by name, and guarded status changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.paging import PageQuery
from engine.store.tags import insert_tags
from transform.scope import Scope

JobOrder = Literal["Name", "CreationTime", "Status"]

#: Statuses of jobs that are not finished; the engine resumes such jobs at its start.
UNFINISHED = ("InProgress", "Stopping")

_ORDERS: dict[JobOrder, tuple[str, ...]] = {
    "Name": ("name",),
    "CreationTime": ("created", "name"),
    "Status": ("status", "name"),
}
#: The types of a position's values, by order.
ORDER_TYPES: dict[JobOrder, tuple[type, ...]] = {
    "Name": (str,),
    "CreationTime": (float, str),
    "Status": (str, str),
}


class AnyJobRow(Protocol):
    """The fields of every kind of job. Times are epoch seconds."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def status(self) -> str:
        """Its status."""

    @property
    def created(self) -> float:
        """When it was created."""

    @property
    def scope(self) -> Scope:
        """The scope of the key that created it."""


Row = TypeVar("Row", bound=AnyJobRow)


def job_position(row: AnyJobRow, order: JobOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    if order == "Name":
        return [row.name]
    return [row.status if order == "Status" else row.created, row.name]


class JobTable(Generic[Row]):
    """A table of jobs with the columns name, status, failure_reason, created, modified, started, ended and others."""

    _table: ClassVar[str]
    _columns: ClassVar[str]

    def __init__(self, database: Database) -> None:
        self._database = database
        self._select = f"SELECT {self._columns} FROM {self._table}"  # noqa: S608 - both are ours

    def _row(self, columns: tuple[Any, ...]) -> Row:
        """The row with the values of the columns."""
        raise NotImplementedError

    def _values(self, row: Row) -> tuple[Any, ...]:
        """The values of the columns of a row."""
        raise NotImplementedError

    def _record_change(self, connection: sqlite3.Connection, name: str) -> None:
        """Record the event of a change of a job's status, within its transaction."""

    def create(self, row: Row, tags: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Add a job and its tags; False, without any change, if the name exists."""
        values = self._values(row)
        marks = ", ".join("?" for _ in values)
        insert = f"INSERT INTO {self._table} ({self._columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
        with self._database.transaction() as connection:
            inserted = connection.execute(insert, values).rowcount
            if inserted:
                insert_tags(connection, row.arn, tags)
                self._record_change(connection, row.name)
        return inserted == 1

    def get(self, name: str) -> Row | None:
        """The job with that name, or None."""
        rows = self._database.read(f"{self._select} WHERE name = ?", (name,))
        return self._row(rows[0]) if rows else None

    def unfinished(self) -> list[Row]:
        """All jobs that are not finished, oldest first."""
        sql = f"{self._select} WHERE status IN (?, ?) ORDER BY created, name"
        return [self._row(row) for row in self._database.read(sql, UNFINISHED)]

    def move(
        self,
        name: str,
        to: str,
        from_: Collection[str],
        *,
        failure_reason: str | None = None,
        started: float | None = None,
        ended: float | None = None,
        **values: str | None,
    ) -> bool:
        """Change the status if it is one of `from_`; returns whether this call changed it.

        Also sets `failure_reason`, `started`, `ended` (epoch seconds) and other columns `values` if they are not None.
        """
        changes = {"failure_reason": failure_reason, "started": started, "ended": ended, **values}
        sets = "".join(f", {column} = coalesce(?, {column})" for column in changes)
        marks = ", ".join("?" for _ in from_)
        update = (
            f"UPDATE {self._table} SET status = ?, modified = ?{sets} WHERE name = ? AND status IN ({marks})"  # noqa: S608
        )
        with self._database.transaction() as connection:
            changed = connection.execute(update, (to, now(), *changes.values(), name, *from_)).rowcount
            if changed:
                self._record_change(connection, name)
        return changed == 1

    def started(self, name: str, at: float) -> None:
        """Record when the job's instances began to run (epoch seconds), unless it is recorded already."""
        self._database.write(
            f"UPDATE {self._table} SET started = ?, modified = ? WHERE name = ? AND started IS NULL",  # noqa: S608
            (at, now(), name),
        )

    def list(
        self,
        *,
        names: Sequence[str] = (),
        name_contains: str | None = None,
        status: str | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        modified_after: float | None = None,
        modified_before: float | None = None,
        sort_by: JobOrder = "CreationTime",
        ascending: bool = False,
        limit: int = 10,
        after: Sequence[Any] | None = None,
    ) -> list[Row]:
        """Up to `limit` jobs that match all filters, starting behind the position `after`.

        `names` are allowed names, with `x*` for all names that start with x; empty allows all.
        """
        query = PageQuery(self._select)
        query.where_named(name_contains, names)
        query.where("status = ?", status)
        query.where_between("created", created_after, created_before)
        query.where_between("modified", modified_after, modified_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [self._row(row) for row in self._database.read(sql, parameters)]

    def _instances(self, cluster: str, instance_type: str | None) -> int:
        """The number of instances of all unfinished jobs, of one instance type or of all ml.* types.

        `cluster` is the path in the request of the members InstanceType and InstanceCount.
        """
        rows = self._database.read(
            f"SELECT coalesce(sum(json_extract(request, '{cluster}.InstanceCount')), 0) FROM {self._table} "  # noqa: S608
            f"WHERE status IN (?, ?) AND json_extract(request, '{cluster}.InstanceType') GLOB ?",
            (*UNFINISHED, instance_type or "ml.*"),
        )
        return int(rows[0][0])
