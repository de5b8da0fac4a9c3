"""Figures of executions and their steps for CloudWatch, read from their rows: how many, how they ended, how long."""

from __future__ import annotations

from collections.abc import Sequence

from engine.sqlite import Database
from engine.store.paging import PageQuery

#: The word of a metric's name for each final status.
ENDS = ("Succeeded", "Failed", "Stopped")

_FIGURES = """
    SELECT pipelines.name AS pipeline, key, NULL AS step, status, executions.created AS started, ended
    FROM pipeline_executions executions JOIN pipelines ON key = pipeline
    UNION ALL
    SELECT pipelines.name, key, steps.name, steps.status, steps.started, steps.ended
    FROM pipeline_steps steps JOIN pipeline_executions executions ON executions.arn = steps.execution
    JOIN pipelines ON key = executions.pipeline
"""


class ExecutionMetrics:
    """Reads the tables of executions and steps. Times are epoch seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def statuses(self, names: Sequence[str], since: float | None) -> list[tuple[str, str | None, str]]:
        """Each (pipeline, step or None, status) that there is, sorted, for the allowed names of pipelines.

        With `since`, only of executions and steps that were started after it.
        """
        query = PageQuery(f"SELECT DISTINCT pipeline, step, status FROM ({_FIGURES})")  # noqa: S608
        query.where_allowed("lower(pipeline)", [name.lower() for name in names])
        query.where("started > ?", since)
        sql, parameters = query.page(["pipeline", "step", "status"], ascending=True, limit=-1)
        return [(pipeline, step, status) for pipeline, step, status in self._database.read(sql, parameters)]

    def starts(self, pipeline: str, step: str | None, start: float, end: float) -> list[float]:
        """When executions, or a step, of the pipeline were started, from `start` to before `end`."""
        rows = self._database.read(
            f"SELECT started FROM ({_FIGURES}) WHERE key = ? AND step IS ? AND started >= ? AND started < ? "  # noqa: S608
            "ORDER BY started",
            (pipeline.lower(), step, start, end),
        )
        return [started for (started,) in rows]

    def ends(
        self, pipeline: str, step: str | None, start: float, end: float
    ) -> list[tuple[str, float, float]]:
        """The (status, end, seconds) of executions, or of a step, that ended from `start` to before `end`."""
        rows = self._database.read(
            f"SELECT status, ended, ended - started FROM ({_FIGURES}) "  # noqa: S608
            "WHERE key = ? AND step IS ? AND ended >= ? AND ended < ? ORDER BY ended",
            (pipeline.lower(), step, start, end),
        )
        return [(status, ended, seconds) for status, ended, seconds in rows if status in ENDS]
