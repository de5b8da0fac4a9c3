"""The figures of the last runs of a model for its output checks, for charts and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.models import TransformJob
from results.checking import find, of_whole_inputs
from results.models import Measure, OutputCheck, OutputReading

#: Runs that are looked back.
RUNS = 20


@dataclass(frozen=True, slots=True)
class RunFigure:
    """The figure of a run for a check; `low` and `high` are equal unless it is a range, None where there is none."""

    job: TransformJob
    at: datetime
    low: float | None
    high: float | None
    is_met: bool


def last_runs(job: TransformJob, checks: list[OutputCheck]) -> dict[int, list[RunFigure]]:
    """By the id of each check the last runs of the job's model, the oldest first; one query."""
    if not checks:
        return {}
    readings = OutputReading.objects.filter(
        job__team=job.team_id,
        job__connection=job.connection_id,
        job__model_name=job.model_name,
        filter="",
        finished_at__isnull=False,
    )
    newest = list(of_whole_inputs(readings).select_related("job").order_by("-job")[:RUNS])
    return {
        output_check.pk: [
            _figure(output_check, reading)
            for reading in reversed(newest)
            if output_check.preset_id in (None, reading.job.preset_id)
        ]
        for output_check in checks
    }


def _figure(output_check: OutputCheck, reading: OutputReading) -> RunFigure:
    at = reading.job_ended_at or reading.created_at
    if output_check.measure == Measure.DRIFT:
        # It is measured against the runs that were there then.
        noted = [row for row in reading.checks if row.get("check") == output_check.pk]
        outcome: dict[str, Any] = noted[0] if noted else {}
        is_met = bool(outcome.get("is_met", True))
        return RunFigure(reading.job, at, outcome.get("low"), outcome.get("high"), is_met)
    check_figure = find(output_check, reading)
    return RunFigure(reading.job, at, check_figure.low, check_figure.high, check_figure.is_met)
