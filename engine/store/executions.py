"""Executions of pipelines: guarded status changes, each with its event."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.execution_steps import ExecutionSteps
from engine.store.paging import PageQuery
from engine.store.pending_events import PendingEvents
from engine.store.request_tokens import insert_token
from engine.store.scopes import parse_scope, scope_text
from engine.store.texts import utc_text
from transform.scope import Scope

ExecutionOrder = Literal["CreationTime", "PipelineExecutionArn"]

#: Statuses of executions that are not finished; the engine resumes such executions at its start.
UNFINISHED = ("Executing", "Stopping")
#: Statuses from which an execution can be retried.
RETRIED = ("Failed", "Stopped")

_ORDERS: dict[ExecutionOrder, tuple[str, ...]] = {
    "CreationTime": ("created", "arn"),
    "PipelineExecutionArn": ("arn",),
}
_COLUMNS = (
    "arn, pipeline, version, status, request, parameters, failure_reason, created, modified, ended, "
    "created_by, modified_by, scope"
)
_SELECT = f"SELECT {_COLUMNS} FROM pipeline_executions"  # noqa: S608 - the columns are ours
_INSERT = f"INSERT INTO pipeline_executions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """An execution. Times are epoch seconds.

    `pipeline` is the pipeline's key, `request` has the parameters of StartPipelineExecution, `parameters` the values
    of all of the pipeline's parameters, typed. `created_by` and `modified_by` are ARNs. `scope` is that of the key
    that started it; the execution's calls have that scope.
    """

    arn: str
    pipeline: str
    version: int
    status: str
    request: dict[str, Any]
    parameters: dict[str, Any]
    failure_reason: str | None
    created: float
    modified: float
    ended: float | None
    created_by: str
    modified_by: str
    scope: Scope

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def pipeline_arn(self) -> str:
        """The ARN of the pipeline."""
        return pipeline_of(self.arn)


def pipeline_of(execution_arn: str) -> str:
    """The pipeline's ARN in that of an execution."""
    return execution_arn.rpartition("/execution/")[0]


def execution_position(row: ExecutionRow, order: ExecutionOrder) -> list[Any]:
    """The position of `row` in a listing of that order, for `after`."""
    return [row.created, row.arn] if order == "CreationTime" else [row.arn]


class Executions:
    """The table of executions; `steps` is that of their steps."""

    def __init__(self, database: Database, events: PendingEvents) -> None:
        self._database = database
        self._events = events
        self.steps = ExecutionSteps(database, events)

    def start(self, row: ExecutionRow, token: str) -> bool:
        """Add an execution; False, without any change, if its pipeline does not exist any more."""
        with self._database.transaction() as connection:
            pipelines = connection.execute(
                "UPDATE pipelines SET last_run = ? WHERE key = ?", (row.created, row.pipeline)
            ).rowcount
            if not pipelines:
                return False
            connection.execute(_INSERT, _values(row))
            connection.execute(
                "UPDATE pipeline_versions SET last_execution = ? WHERE pipeline = ? AND version = ?",
                (row.arn, row.pipeline, row.version),
            )
            insert_token(connection, "StartPipelineExecution", token, row.arn)
            self._record(connection, row, None)
        return True

    def get(self, arn: str) -> ExecutionRow | None:
        """The execution with that ARN, or None."""
        rows = self._database.read(f"{_SELECT} WHERE arn = ?", (arn,))
        return _row(rows[0]) if rows else None

    def unfinished(self) -> list[ExecutionRow]:
        """All executions that are not finished, oldest first."""
        rows = self._database.read(f"{_SELECT} WHERE status IN (?, ?) ORDER BY created, arn", UNFINISHED)
        return [_row(row) for row in rows]

    def newest(self, pipeline: str) -> ExecutionRow | None:
        """The newest finished execution of the pipeline, or None."""
        rows = self._database.read(
            f"{_SELECT} WHERE pipeline = ? AND status NOT IN (?, ?) ORDER BY created DESC, arn DESC LIMIT 1",
            (pipeline, *UNFINISHED),
        )
        return _row(rows[0]) if rows else None

    def move(
        self,
        arn: str,
        to: str,
        from_: Collection[str],
        *,
        failure_reason: str | None = None,
        by: str = "",
        token: str = "",
    ) -> bool:
        """Change the status if it is one of `from_`; returns whether this call changed it.

        `by` is the ARN of who asks for it, `token` the ClientRequestToken of a stop. A final status sets the time of
        the end.
        """
        at = now()
        end = None if to in UNFINISHED else at
        with self._database.transaction() as connection:
            before = _locked(connection, arn)
            if before is None or before.status not in from_:
                return False
            connection.execute(
                "UPDATE pipeline_executions SET status = ?, modified = ?, failure_reason = ?, ended = ?, "
                "modified_by = ? WHERE arn = ?",
                (to, at, failure_reason, end, by or before.modified_by, arn),
            )
            if token:
                insert_token(connection, "StopPipelineExecution", token, arn)
            after = _locked(connection, arn)
            assert after is not None
            self._record(connection, after, before.status)
        return True

    def retry(self, arn: str, request: dict[str, Any], token: str, by: str) -> bool:
        """Let a Failed or Stopped execution go on: its steps that did not succeed are forgotten.

        Returns whether this call changed it.
        """
        with self._database.transaction() as connection:
            before = _locked(connection, arn)
            if before is None or before.status not in RETRIED:
                return False
            connection.execute(
                "DELETE FROM pipeline_steps WHERE execution = ? AND status <> 'Succeeded'", (arn,)
            )
            connection.execute(
                "UPDATE pipeline_executions SET status = 'Executing', modified = ?, failure_reason = NULL, "
                "ended = NULL, request = ?, modified_by = ? WHERE arn = ?",
                (now(), json.dumps(request), by, arn),
            )
            insert_token(connection, "RetryPipelineExecution", token, arn)
            after = _locked(connection, arn)
            assert after is not None
            self._record(connection, after, before.status)
        return True

    def change(self, arn: str, request: dict[str, Any], by: str) -> None:
        """Replace the execution's request."""
        self._database.write(
            "UPDATE pipeline_executions SET request = ?, modified = ?, modified_by = ? WHERE arn = ?",
            (json.dumps(request), now(), by, arn),
        )

    def list(
        self,
        pipeline: str,
        *,
        created_after: float | None = None,
        created_before: float | None = None,
        sort_by: ExecutionOrder = "CreationTime",
        ascending: bool = False,
        limit: int = 10,
        after: list[Any] | None = None,
    ) -> list[ExecutionRow]:
        """Up to `limit` executions of the pipeline, starting behind the position `after`."""
        query = PageQuery(_SELECT)
        query.where("pipeline = ?", pipeline)
        query.where_between("created", created_after, created_before)
        sql, parameters = query.page(_ORDERS[sort_by], ascending=ascending, limit=limit, after=after)
        return [_row(row) for row in self._database.read(sql, parameters)]

    def _record(self, connection: sqlite3.Connection, row: ExecutionRow, before: str | None) -> None:
        detail = {
            "pipelineArn": row.pipeline_arn,
            "pipelineExecutionArn": row.arn,
            "pipelineExecutionDisplayName": row.request.get("PipelineExecutionDisplayName"),
            "pipelineExecutionDescription": row.request.get("PipelineExecutionDescription"),
            "currentPipelineExecutionStatus": row.status,
            "previousPipelineExecutionStatus": before,
            "executionStartTime": utc_text(row.created),
            "executionEndTime": utc_text(row.ended),
        }
        kind = "SageMaker Model Building Pipeline Execution Status Change"
        self._events.add(connection, kind, [row.pipeline_arn, row.arn], detail, row.modified)


def _locked(connection: sqlite3.Connection, arn: str) -> ExecutionRow | None:
    """The execution as it is within the transaction."""
    columns = connection.execute(f"{_SELECT} WHERE arn = ?", (arn,)).fetchone()
    return _row(columns) if columns else None


def _row(columns: tuple[Any, ...]) -> ExecutionRow:
    fields = dict(zip(_COLUMNS.split(", "), columns, strict=True))
    for name in ("request", "parameters"):
        fields[name] = json.loads(fields[name])
    return ExecutionRow(**{**fields, "scope": parse_scope(fields["scope"])})


def _values(row: ExecutionRow) -> tuple[Any, ...]:
    return (
        row.arn,
        row.pipeline,
        row.version,
        row.status,
        json.dumps(row.request),
        json.dumps(row.parameters),
        row.failure_reason,
        row.created,
        row.modified,
        row.ended,
        row.created_by,
        row.modified_by,
        scope_text(row.scope),
    )
