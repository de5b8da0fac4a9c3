"""Transform jobs: their rows, and the finished objects of running jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.store.job_table import JobTable
from engine.store.scopes import parse_scope, scope_text
from transform.scope import EVERYTHING, Scope

_CLUSTER = "$.TransformResources"


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


class Jobs(JobTable[JobRow]):
    """The table of transform jobs."""

    _table = "jobs"
    _columns = (
        "name, arn, request, containers, status, failure_reason, created, modified, started, ended, scope"
    )

    def instances(self, instance_type: str | None = None) -> int:
        """The number of instances of all unfinished jobs, of one instance type or of all ml.* types."""
        return self._instances(_CLUSTER, instance_type)

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

    def _row(self, columns: tuple[Any, ...]) -> JobRow:
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
            parse_scope(scope),
        )

    def _values(self, row: JobRow) -> tuple[Any, ...]:
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
            scope_text(row.scope),
        )
