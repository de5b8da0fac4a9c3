"""The steps of executions that were started, each change with its event."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.sqlite import Database
from engine.store.clock import now
from engine.store.pending_events import PendingEvents
from engine.store.texts import utc_text

#: Statuses of steps that have ended.
FINAL = ("Succeeded", "Failed", "Stopped")

_COLUMNS = (
    "execution, name, type, status, started, ended, attempt, job, cache_key, metadata, properties, failure_reason, "
    "source_kind, source, retries, retry_at"
)
_SELECT = f"SELECT number, {_COLUMNS} FROM pipeline_steps"  # noqa: S608 - the columns are ours
_INSERT = (
    f"INSERT INTO pipeline_steps ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
    "ON CONFLICT (execution, name) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.split(", ")[3:])
)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step that was started. Times are epoch seconds.

    `job` is the name, or the client token, with which its job, model or package is created; it is stored before the
    call. `metadata` is Metadata of ListPipelineExecutionSteps, `properties` the Describe answer to which other steps
    refer. `source` is the ARN of the execution from which the result is taken, `source_kind` "cache" or "selective".
    `retries` counts retries by the position of the retry policy; an attempt waits until `retry_at`.
    """

    execution: str
    name: str
    type: str
    status: str
    started: float
    ended: float | None = None
    attempt: int = 1
    job: str | None = None
    cache_key: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    source_kind: str | None = None
    source: str | None = None
    retries: dict[str, int] = field(default_factory=dict)
    retry_at: float | None = None
    number: int = 0


class ExecutionSteps:
    """The table of steps, in the order in which they were started."""

    def __init__(self, database: Database, events: PendingEvents) -> None:
        self._database = database
        self._events = events

    def put(self, row: StepRow) -> None:
        """Add the step or replace it."""
        with self._database.transaction() as connection:
            before = connection.execute(
                "SELECT status FROM pipeline_steps WHERE execution = ? AND name = ?",
                (row.execution, row.name),
            ).fetchone()
            connection.execute(_INSERT, _values(row))
            if before is None or before[0] != row.status:
                self._record(connection, row, before[0] if before else None)

    def of(self, execution: str) -> dict[str, StepRow]:
        """The steps of an execution by name, in the order of their start."""
        rows = self._database.read(f"{_SELECT} WHERE execution = ? ORDER BY number", (execution,))
        return {row.name: row for row in map(_row, rows)}

    def page(self, execution: str, *, ascending: bool, limit: int, after: list[Any] | None) -> list[StepRow]:
        """Up to `limit` steps of the execution by the order of their start, behind the position [number]."""
        order, sign = ("ASC", ">") if ascending else ("DESC", "<")
        behind = f"AND number {sign} ?" if after else ""
        rows = self._database.read(
            f"{_SELECT} WHERE execution = ? {behind} ORDER BY number {order} LIMIT ?",
            (execution, *(after or []), limit),
        )
        return [_row(row) for row in rows]

    def cached(self, pipeline: str, name: str, cache_key: str, ended_after: float) -> StepRow | None:
        """The newest step of that name and key in the pipeline's executions that has succeeded by its own job."""
        rows = self._database.read(
            f"{_SELECT} WHERE cache_key = ? AND name = ? AND status = 'Succeeded' AND source IS NULL AND ended > ? "  # noqa: S608
            "AND execution IN (SELECT arn FROM pipeline_executions WHERE pipeline = ?) "
            "ORDER BY ended DESC, number DESC LIMIT 1",
            (cache_key, name, ended_after, pipeline),
        )
        return _row(rows[0]) if rows else None

    def _record(self, connection: sqlite3.Connection, row: StepRow, before: str | None) -> None:
        pipeline = row.execution.rpartition("/execution/")[0]
        detail = {
            "pipelineArn": pipeline,
            "pipelineExecutionArn": row.execution,
            "stepName": row.name,
            "stepType": row.type,
            "metadata": _lower_first(row.metadata),
            "currentStepStatus": row.status,
            "previousStepStatus": before,
            "stepStartTime": utc_text(row.started),
            "stepEndTime": utc_text(row.ended),
            "failureReason": row.failure_reason,
        }
        kind = "SageMaker Model Building Pipeline Execution Step Status Change"
        self._events.add(connection, kind, [pipeline, row.execution], detail, now())


def _lower_first(value: Any) -> Any:
    """The value with members in the spelling of events: transformJob, arn."""
    if isinstance(value, Mapping):
        return {name[0].lower() + name[1:]: _lower_first(item) for name, item in value.items()}
    return value


def _row(columns: tuple[Any, ...]) -> StepRow:
    number, *values = columns
    fields = dict(zip(_COLUMNS.split(", "), values, strict=True))
    for name in ("metadata", "properties", "retries"):
        fields[name] = json.loads(fields[name])
    return StepRow(number=number, **fields)


def _values(row: StepRow) -> tuple[Any, ...]:
    values = [getattr(row, name) for name in _COLUMNS.split(", ")]
    return tuple(json.dumps(value) if isinstance(value, dict) else value for value in values)
