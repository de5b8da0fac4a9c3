"""The small plots of a job's overview: objects a minute, and what its instances used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from jobs.models import TransformJob
from jobs.services.errors import Unavailable
from results import metrics
from results.metrics import Chart, UsageCharts

#: The size of the drawing.
WIDTH, HEIGHT = 200, 40
#: Points of the objects a minute, the least seconds between two, as S3 dates outputs to the second, and the objects
#: that a part of the run has on average.
_POINTS, _LEAST_SECONDS, _OBJECTS = 60, 5, 3
#: Without a GPU, and with one.
_KINDS = ("CPUUtilization", "MemoryUtilization")
_GPU_KINDS = ("GPUUtilization", "GPUMemoryUtilization", "CPUUtilization")


@dataclass(frozen=True, slots=True)
class SmallPlot:
    """A plot: `value` is the latest number while the job runs, and the mean of an ended one.

    `line` and `area` are SVG paths, empty if the numbers are not known; `note` then says why.
    """

    title: str
    value: str = ""
    line: str = ""
    area: str = ""
    spread: str = ""
    note: str = ""


def small_plots(job: TransformJob) -> tuple[SmallPlot, ...]:
    """Four plots of an attempt, each with its numbers or the reason why there are none."""
    try:
        usage = metrics.usage(job)
        note = "" if usage.charts else _why_none(job)
    except Unavailable:
        usage, note = UsageCharts(0, (), (), ""), f"{_source(job)} cannot be reached now."
    charts = {chart.name: chart for chart in usage.charts}
    if "GPUUtilization" in charts:
        return (
            objects_a_minute(job),
            *(_usage_plot(charts[name], job) for name in _GPU_KINDS if name in charts),
        )
    titles = {kind.name: kind.title for kind in metrics.KINDS}
    plots = [
        _usage_plot(charts[name], job)
        if name in charts
        else SmallPlot(titles[name], note=note or "Not measured.")
        for name in _KINDS
    ]
    not_measured = SmallPlot("Requests in flight", note=f"{_source(job)} does not measure them.")
    return (objects_a_minute(job), *plots, not_measured)


def objects_a_minute(job: TransformJob) -> SmallPlot:
    """The outputs that an attempt wrote by time, as S3 dates them; asks nobody."""
    title = "Objects a minute"
    start, end = job.started_at, job.ended_at or job.counted_at
    if start is None or end is None or end <= start:
        return SmallPlot(title, note="None is counted yet." if job.is_active else "No instance ran.")
    if job.objects_total is None or job.planned.count() < job.objects_total:
        return SmallPlot(title, note="Not every object of the input is listed.")
    # S3 has whole seconds, and the clock of an engine or of S3 may be a little behind.
    rows = job.planned.filter(
        written_at__gte=start - timedelta(seconds=2), written_at__lte=end + timedelta(seconds=2)
    )
    times = [at for at in rows.values_list("written_at", flat=True) if at is not None]
    if not times:
        return SmallPlot(title, note=_why_no_times(job))
    rates = _rates(times, start, end, is_running=job.is_active)
    minutes = max((end - start).total_seconds(), 1) / 60
    return _drawn(
        title, rates, rates[-1] if job.is_active else len(times) / minutes, job, "", max(rates) * 1.1
    )


def _rates(times: Sequence[datetime], start: datetime, end: datetime, *, is_running: bool) -> list[float]:
    """Objects a minute in each part of the run; the last part of a running job is left out until it is over."""
    length = max((end - start).total_seconds(), 1.0)
    part = max(_LEAST_SECONDS, math.ceil(length / _POINTS), math.ceil(length * _OBJECTS / len(times)))
    number = max(1, math.floor(length / part) if is_running else math.ceil(length / part))
    counts = [0] * number
    for at in times:
        place = int((at - start).total_seconds() // part)
        if place < number or not is_running:
            counts[min(max(place, 0), number - 1)] += 1
    lengths = [max(1.0, min(part, length - place * part)) for place in range(number)]
    return [60 * count / seconds for count, seconds in zip(counts, lengths, strict=True)]


def _usage_plot(chart: Chart, job: TransformJob) -> SmallPlot:
    """The mean of all instances at each time."""
    rows = zip(*(line.values for line in chart.lines), strict=True)
    values_by_time = [[value for value in row if value is not None] for row in rows]
    values = [fmean(row) for row in values_by_time if row]
    number = values[-1] if job.is_active else fmean(values)
    return _drawn(chart.title, values, number, job, " %", max(100.0, *values))


def _drawn(
    title: str, values: Sequence[float], value: float, job: TransformJob, unit: str, top: float
) -> SmallPlot:
    word = "now" if job.is_active else "mean"
    line = _path(values, top)
    spread = f"{title}: {word} {_number(value)}{unit}, {_number(min(values))} to {_number(max(values))}{unit}"
    return SmallPlot(title, f"{_number(value)}{unit}", line, f"{line}V{HEIGHT}H0z", spread)


def _path(values: Sequence[float], top: float) -> str:
    """The line through the values at equal distances; a single value is a level line."""
    points = list(values) * 2 if len(values) == 1 else list(values)
    step = WIDTH / (len(points) - 1)
    places = (
        f"{place * step:.1f} {HEIGHT - value / (top or 1) * HEIGHT:.1f}" for place, value in enumerate(points)
    )
    return "M" + "L".join(places)


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def _source(job: TransformJob) -> str:
    return "The engine" if job.connection.is_engine else "CloudWatch"


def _why_none(job: TransformJob) -> str:
    if job.is_active:
        return "The first numbers come after about a minute."
    return "No instance ran." if job.started_at is None else "The run was short, or long ago."


def _why_no_times(job: TransformJob) -> str:
    if job.is_active:
        return "No output is written yet."
    return "It wrote no output." if not job.objects_done else "The outputs' times were not kept."
