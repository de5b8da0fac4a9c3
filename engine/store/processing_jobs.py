"""Processing jobs."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from engine.sqlite import Database
from engine.store.job_table import UNFINISHED, JobTable
from engine.store.pending_events import PendingEvents
from engine.store.scopes import parse_scope, scope_text
from transform.scope import EVERYTHING, Scope

#: The detail-type of its events.
EVENT = "SageMaker Processing Job State Change"
_CLUSTER = "$.ProcessingResources.ClusterConfig"


@dataclass(frozen=True, slots=True)
class ProcessingJobRow:
    """A processing job. Times are epoch seconds.

    `request` are the parameters of CreateProcessingJob. `exit_message` is what its container has written to
    /opt/ml/output/message. `scope` is that of the key that created it.
    """

    name: str
    arn: str
    request: dict[str, Any]
    status: str
    failure_reason: str | None
    exit_message: str | None
    created: float
    modified: float
    started: float | None
    ended: float | None
    scope: Scope = EVERYTHING


class ProcessingJobs(JobTable[ProcessingJobRow]):
    """The table of processing jobs."""

    _table = "processing_jobs"
    _columns = (
        "name, arn, request, status, failure_reason, exit_message, created, modified, started, ended, scope"
    )

    def __init__(self, database: Database, events: PendingEvents) -> None:
        super().__init__(database)
        self._events = events

    def instances(self, instance_type: str | None = None) -> int:
        """The number of instances of all unfinished jobs, of one instance type or of all ml.* types."""
        return self._instances(_CLUSTER, instance_type)

    def delete(self, name: str) -> bool:
        """Delete a finished job and its tags; False, without any change, if there is none with that name."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "DELETE FROM processing_jobs WHERE name = ? AND status NOT IN (?, ?) RETURNING arn",
                (name, *UNFINISHED),
            ).fetchone()
            if row is not None:
                connection.execute("DELETE FROM tags WHERE arn = ?", row)
        return row is not None

    def _record_change(self, connection: sqlite3.Connection, name: str) -> None:
        """Record EventBridge's event of a change. Its times are epoch milliseconds, as AWS sends them."""
        (columns,) = connection.execute(f"{self._select} WHERE name = ?", (name,))
        row = self._row(columns)
        request = {member: value for member, value in row.request.items() if member != "Tags"}
        tags = dict(connection.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (row.arn,)))
        detail = {
            **request,
            "ProcessingJobArn": row.arn,
            "ProcessingJobStatus": row.status,
            "FailureReason": row.failure_reason,
            "ExitMessage": row.exit_message,
            "CreationTime": _milliseconds(row.created),
            "LastModifiedTime": _milliseconds(row.modified),
            "ProcessingStartTime": _milliseconds(row.started),
            "ProcessingEndTime": _milliseconds(row.ended),
            "Tags": tags,
        }
        self._events.add(connection, EVENT, [row.arn], detail, row.modified)

    def _row(self, columns: tuple[Any, ...]) -> ProcessingJobRow:
        name, arn, request, status, reason, message, created, modified, started, ended, scope = columns
        return ProcessingJobRow(
            name,
            arn,
            json.loads(request),
            status,
            reason,
            message,
            created,
            modified,
            started,
            ended,
            parse_scope(scope),
        )

    def _values(self, row: ProcessingJobRow) -> tuple[Any, ...]:
        return (
            row.name,
            row.arn,
            json.dumps(row.request),
            row.status,
            row.failure_reason,
            row.exit_message,
            row.created,
            row.modified,
            row.started,
            row.ended,
            scope_text(row.scope),
        )


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
