"""The resources that a job's instances used. Raises Unavailable."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from aws import metrics
from aws.metrics import Series
from jobs.models import TransformJob
from jobs.services.calling import calls_for_person


@dataclass(frozen=True, slots=True)
class MetricKind:
    """A metric: CloudWatch's name, a title for people, and what 100 % means."""

    name: str
    title: str
    meaning: str


KINDS = (
    MetricKind("CPUUtilization", "CPU", "100 % is one vCPU; four busy ones are 400 %."),
    MetricKind("MemoryUtilization", "Memory", "Of the instance's memory."),
    MetricKind("GPUUtilization", "GPU", "100 % is one GPU; four busy ones are 400 %."),
    MetricKind("GPUMemoryUtilization", "GPU memory", "100 % is the memory of one GPU."),
    MetricKind("DiskUtilization", "Disk", "Of the instance's disk."),
)
#: Points of a line: more would not be visible.
_POINTS = 300
#: The shortest period in seconds. An engine measures more often, as its jobs are short.
_MINUTE, _ENGINE_PERIODS = 60, (5, 10, 20, 30)
#: Added before and after the job's time: CloudWatch dates a minute by its start and publishes it after its end.
_MARGIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One instance's values at the chart's times, None where it has none, with their minimum, mean and maximum."""

    instance: str
    values: tuple[float | None, ...]
    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: one metric of all instances, in percent."""

    name: str
    title: str
    meaning: str
    lines: tuple[MetricLine, ...]


@dataclass(frozen=True, slots=True)
class UsageCharts:
    """Charts with common `times`, of averages over `period` seconds; `note` says why there are no charts."""

    period: int
    times: tuple[datetime, ...]
    charts: tuple[Chart, ...]
    note: str


def usage(job: TransformJob) -> UsageCharts:
    """The usage of the job's instances; metrics that they do not have are left out."""
    if job.accepted_at is None:
        return UsageCharts(0, (), (), _note(job))
    start, end = job.accepted_at, job.ended_at or timezone.now()
    period = period_of(end - start, engine=job.connection.is_engine)
    with calls_for_person(job.connection) as target:
        series = metrics.usage(
            target, job.name, [kind.name for kind in KINDS], start - _MARGIN, end + _MARGIN, period
        )
    times = tuple(sorted({at for series in series for at, _ in series.points}))
    charts = tuple(
        Chart(kind.name, kind.title, kind.meaning, lines)
        for kind in KINDS
        if (lines := tuple(_lines(series, kind.name, times)))
    )
    return UsageCharts(period, times, charts, "" if charts else _note(job))


def period_of(length: timedelta, *, engine: bool) -> int:
    """Seconds between points for a job of this length: a period that CloudWatch accepts, of about 300 points."""
    seconds = length.total_seconds() / _POINTS
    if engine:
        fine = next((period for period in _ENGINE_PERIODS if period >= seconds), None)
        if fine:
            return fine
    return _MINUTE * max(1, math.ceil(seconds / _MINUTE))


def _lines(all_series: Iterable[Series], name: str, times: tuple[datetime, ...]) -> Iterable[MetricLine]:
    for series in all_series:
        if series.metric == name and series.points:
            values = dict(series.points)
            numbers = list(values.values())
            mean = sum(numbers) / len(numbers)
            yield MetricLine(series.instance, tuple(map(values.get, times)), min(numbers), mean, max(numbers))


def _note(job: TransformJob) -> str:
    if job.is_active:
        return "The first numbers come about a minute after the first instance runs."
    if job.started_at is None:
        return "No instance ran, so there are no numbers."
    return "CloudWatch has no numbers of this job: it ended within its first minute, or ran more than two weeks ago."
