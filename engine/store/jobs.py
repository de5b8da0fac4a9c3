"""Transform jobs: their rows, guarded status changes, and the finished objects of running jobs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.paging import PageQuery
from engine.store.tags import insert_tags
from transform.scope import EVERYTHING, Scope

JobOrder = Literal["Name", "CreationTime", "Status"]

#: Statuses of jobs that are not finished; the engine resumes such jobs at its start.
UNFINISHED = ("InProgress", "Stopping")

_ORDERS: dict[JobOrder, tuple[str, ...]] = {
    "Name": ("name",),
    "CreationTime": ("created", "name"),
    "Status": ("status", "name"),
}
_COLUMNS = "name, arn, request, containers, status, failure_reason, created, modified, started, ended, scope"
_SELECT = f"SELECT {_COLUMNS} FROM jobs"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608


@dataclass(frozen=True, slots=True)
class JobRow:
    """A transform job. Times are epoch seconds.

    `request` are the parameters of CreateTransformJob. `containers` are the model's container definitions at that
    time, since the model may be deleted or replaced while the job runs. `scope` is that of the key that created it.
    """

    name: str
    arn: str
    request: dict[str, Any]
    containers: list[dict[str, Any]]
    status: str
    failure_reason: str | None
    created: float
    modified: float
    started: float | None
    ended: float | None
    scope: Scope = EVERYTHING


def job_position(row: JobRow, order: JobOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    if order == "Name":
        return [row.name]
    return [row.status if order == "Status" else row.created, row.name]


class Jobs:
    """The table of transform jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, row: JobRow, tags: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Add a job and its tags; False, without any change, if the name exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(_INSERT, _values(row)).rowcount
            if inserted:
                insert_tags(connection, row.arn, tags)
        return inserted == 1

    def get(self, name: str) -> JobRow | None:
        """The job with that name, or None."""
        rows = self._database.read(f"{_SELECT} WHERE name = ?", (name,))
        return _row(rows[0]) if rows else None

    def unfinished(self) -> list[JobRow]:
        """All jobs that are not finished, oldest first."""
        rows = self._database.read(f"{_SELECT} WHERE status IN (?, ?) ORDER BY created, name", UNFINISHED)
        return [_row(row) for row in rows]

    def instances(self, instance_type: str | None = None) -> int:
        """The number of instances of all unfinished jobs, of one instance type or of all ml.* types."""
        rows = self._database.read(
            "SELECT coalesce(sum(json_extract(request, '$.TransformResources.InstanceCount')), 0) FROM jobs "
            "WHERE status IN (?, ?) AND json_extract(request, '$.TransformResources.InstanceType') GLOB ?",
            (*UNFINISHED, instance_type or "ml.*"),
        )
        return int(rows[0][0])

    def move(
        self,
        name: str,
        to: str,
        from_: Collection[str],
        *,
        failure_reason: str | None = None,
        started: float | None = None,
        ended: float | None = None,
    ) -> bool:
        """Change the status if it is one of `from_`; returns whether this call changed it.

        Also sets `failure_reason`, `started` and `ended` (epoch seconds) if they are not None.
        """
        marks = ", ".join("?" for _ in from_)
        changed = self._database.write(
            "UPDATE jobs SET status = ?, modified = ?, failure_reason = coalesce(?, failure_reason), "  # noqa: S608
            "started = coalesce(?, started), ended = coalesce(?, ended) "
            f"WHERE name = ? AND status IN ({marks})",
            (to, now(), failure_reason, started, ended, name, *from_),
        )
        return changed == 1

    def started(self, name: str, at: float) -> None:
        """Record when the job's instances began to run (epoch seconds), unless it is recorded already."""
        self._database.write(
            "UPDATE jobs SET started = ?, modified = ? WHERE name = ? AND started IS NULL",
            (at, now(), name),
        )

    def finished_objects(self, name: str) -> dict[str, str]:
        """The outcome, "done" or "failed", of every processed object by its input key."""
        return dict(self._database.read("SELECT key, outcome FROM job_objects WHERE job = ?", (name,)))

    def mark_objects(self, name: str, keys: Iterable[str], outcome: str) -> None:
        """Record the outcome of these input objects in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO job_objects (job, key, outcome) VALUES (?, ?, ?) "
                "ON CONFLICT (job, key) DO UPDATE SET outcome = excluded.outcome",
                [(name, key, outcome) for key in keys],
            )

    def forget_objects(self, name: str) -> None:
        """Delete the records of `mark_objects`: a finished job is not resumed."""
        self._database.write("DELETE FROM job_objects WHERE job = ?", (name,))

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
        after: list[Any] | None = None,
    ) -> list[JobRow]:
        """Up to `limit` jobs that match all filters, starting behind the position `after`.

        `names` are allowed names, with `x*` for all names that start with x; empty allows all.
        """
        query = PageQuery(_SELECT)
        query.where_named(name_contains, names)
        query.where("status = ?", status)
        query.where_between("created", created_after, created_before)
        query.where_between("modified", modified_after, modified_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_row(row) for row in self._database.read(sql, parameters)]


def _row(columns: tuple[Any, ...]) -> JobRow:
    name, arn, request, containers, status, reason, created, modified, started, ended, scope = columns
    return JobRow(
        name,
        arn,
        json.loads(request),
        json.loads(containers),
        status,
        reason,
        created,
        modified,
        started,
        ended,
        Scope.parse(**json.loads(scope)) if scope else EVERYTHING,
    )


def _values(row: JobRow) -> tuple[Any, ...]:
    return (
        row.name,
        row.arn,
        json.dumps(row.request),
        json.dumps(row.containers),
        row.status,
        row.failure_reason,
        row.created,
        row.modified,
        row.started,
        row.ended,
        None if row.scope.is_everything else json.dumps({"places": row.scope.uris, "names": row.scope.names}),
    )
