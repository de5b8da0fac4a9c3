"""The figures of the last runs against the limits of an output check, as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import TransformJob
from results import check_history
from results.check_history import RunFigure
from results.models import Measure, OnMiss, OutputCheck, OutputReading
from results.pages.grid import short_number

#: The units of the drawing, and the least height of a mark.
WIDTH, HEIGHT, LEAST = 240, 48, 3
_MARGIN = 4


@dataclass(frozen=True, slots=True)
class RunMark:
    """A run: its place, and what it says."""

    x: float
    y: float
    width: float
    height: float
    is_met: bool
    is_this: bool
    says: str

    @property
    def look(self) -> str:
        """The classes of its mark."""
        return f"{'' if self.is_met else 'missed'}{' on' if self.is_this else ''}"


@dataclass(frozen=True, slots=True)
class CheckChart:
    """The runs of a check from left to right; `limits` are the heights of its limits, `says` what is drawn."""

    marks: tuple[RunMark, ...]
    limits: tuple[float, ...]
    says: str


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The outcome of a check as it is shown."""

    text: str
    figure: str
    is_met: bool
    holds: bool
    chart: CheckChart | None


def outcome_views(
    job: TransformJob, reading: OutputReading, checks: Sequence[OutputCheck]
) -> list[OutcomeView]:
    """The outcomes of a reading, those of checks that are still there with a chart of the last runs."""
    by_id = {output_check.pk: output_check for output_check in checks}
    noted = [by_id[row["check"]] for row in reading.checks if row.get("check") in by_id]
    runs = check_history.last_runs(job, noted)
    return [
        OutcomeView(
            row["text"],
            row["figure"],
            row["is_met"],
            row.get("on_miss") == OnMiss.HOLD,
            _chart(by_id[row["check"]], runs[row["check"]], job) if row.get("check") in runs else None,
        )
        for row in reading.checks
    ]


def _chart(output_check: OutputCheck, runs: Sequence[RunFigure], job: TransformJob) -> CheckChart | None:
    """The drawing; None with fewer than two figures."""
    measured = [run for run in runs if run.low is not None and run.high is not None]
    if len(measured) < 2:
        return None
    is_share = output_check.measure in (Measure.NULLS, Measure.DRIFT)
    limits = [output_check.high] if is_share else [output_check.low, output_check.high]
    bounds = [limit for limit in limits if limit is not None]
    values = [*bounds, *(run.low or 0.0 for run in measured), *(run.high or 0.0 for run in measured)]
    least, most = min(values), max(values)
    step = WIDTH / len(measured)

    def place(value: float) -> float:
        room = HEIGHT - 2 * _MARGIN
        return round(HEIGHT - _MARGIN - (value - least) / ((most - least) or 1.0) * room, 2)

    marks = []
    for at, run in enumerate(measured):
        top, bottom = place(run.high or 0.0), place(run.low or 0.0)
        height = max(bottom - top, LEAST)
        y = min(max(0.0, (top + bottom - height) / 2), HEIGHT - height)
        is_this = run.job.first_id == job.first_id
        says = f"{run.job.name}: {_figure(run, is_share=is_share)}"
        marks.append(
            RunMark(round(at * step + step / 4, 2), round(y, 2), round(step / 2, 2), round(height, 2),
                 run.is_met, is_this, says)
        )  # fmt: skip
    missed = sum(not run.is_met for run in measured)
    says = f"The last {len(measured)} runs, {missed or 'none'} of which missed it"
    return CheckChart(tuple(marks), tuple(place(bound) for bound in bounds), says)


def _figure(run: RunFigure, *, is_share: bool) -> str:
    low, high = run.low or 0.0, run.high or 0.0
    if is_share:
        return f"{high * 100:.3g} %"
    if low == high:
        return _number(low)
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else short_number(repr(value))
