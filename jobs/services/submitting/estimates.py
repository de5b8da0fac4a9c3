"""Estimate how long a job will take and what it will cost, from similar jobs of the team."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles
from urllib.parse import urlencode

from jobs.costs import amount
from jobs.models import Connection, InstancePrice, TransformJob
from jobs.services.submitting.trial_pace import TrialPace
from jobs.states import TRIALS, JobState

#: The fewest similar jobs that give an estimate.
LEAST = 5
#: The estimate uses the jobs nearest in size, of the latest ones.
_NEAREST, _LATEST = 20, 200


@dataclass(frozen=True, slots=True)
class Work:
    """The work of an instance: the bytes that it reads, and the seconds that it took; 0 if it has not run."""

    bytes: float
    seconds: float = 0.0

    @staticmethod
    def of(size: int, objects: int, instances: int, seconds: float = 0.0) -> Work:
        """The work of one instance. One instance reads an object, so more instances than objects do not help."""
        return Work(size / max(1, min(instances, objects)), seconds)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds by similar jobs: the first decile (`low`), the median (`middle`) and the last decile (`high`).

    `jobs` is the number of similar jobs, which the list finds by `query`, among others. Costs are in US dollars, None
    without a price. `at_least` is true if there is more input than was counted. By a trial, whose pace is `pace`, all
    three are the same.
    """

    jobs: int
    low: int
    middle: int
    high: int
    query: str
    price: Decimal | None = None
    cost_low: Decimal | None = None
    cost: Decimal | None = None
    cost_high: Decimal | None = None
    at_least: bool = False
    pace: TrialPace | None = None

    @property
    def band(self) -> tuple[float, float, float]:
        """Start, width and middle of the range, in percent of a scale that begins at 0."""
        scale = max(1, self.high) * 1.25
        return (
            round(self.low / scale * 100, 1),
            round(max(1.0, (self.high - self.low) / scale * 100), 1),
            round(self.middle / scale * 100, 1),
        )


def estimate(
    connection: Connection,
    *,
    model_name: str,
    instance_type: str,
    instance_count: int,
    size: int,
    objects: int,
    at_least: bool = False,
) -> Estimate | None:
    """Estimate a job that reads `size` bytes from jobs with its model and instance type on the connection.

    Their times are scaled by the bytes of each instance. None if there are fewer than LEAST such jobs.
    """
    if not (model_name and instance_type and size and objects):
        return None
    expected_work = Work.of(size, objects, instance_count)
    similar_work = _nearest(expected_work, _history(connection, model_name, instance_type))
    if len(similar_work) < LEAST:
        return None
    scaled = sorted(work.seconds * expected_work.bytes / work.bytes for work in similar_work)
    tenths = quantiles(scaled, n=10, method="inclusive")
    low, middle, high = (max(1, round(value)) for value in (tenths[0], median(scaled), tenths[-1]))
    price = price_of(connection, instance_type)
    cost_low, cost, cost_high = (
        None if price is None else amount(duration * instance_count, price)
        for duration in (low, middle, high)
    )
    query = {
        "model": model_name,
        "instance_type": instance_type,
        "connection": connection.slug,
        "state": JobState.COMPLETED,
    }
    return Estimate(
        jobs=len(scaled),
        low=low,
        middle=middle,
        high=high,
        query=urlencode(query),
        price=price,
        cost_low=cost_low,
        cost=cost,
        cost_high=cost_high,
        at_least=at_least,
    )


def by_trial(
    pace: TrialPace,
    *,
    instance_type: str,
    instance_count: int,
    size: int,
    objects: int,
    at_least: bool = False,
) -> Estimate | None:
    """Estimate a job that reads `size` bytes by the pace of its trial, whose instance type it must have."""
    if instance_type != pace.job.instance_type or not size or not objects:
        return None
    seconds = max(1, math.ceil(pace.seconds(Work.of(size, objects, instance_count).bytes)))
    price = price_of(pace.job.connection, instance_type)
    cost = None if price is None else amount(seconds * instance_count, price)
    return Estimate(
        jobs=1,
        low=seconds,
        middle=seconds,
        high=seconds,
        query="",
        price=price,
        cost_low=cost,
        cost=cost,
        cost_high=cost,
        at_least=at_least,
        pace=pace,
    )


def price_of(connection: Connection, instance_type: str) -> Decimal | None:
    """US dollars for an hour of an instance on the connection; None without a price."""
    rows = InstancePrice.objects.filter(connection=connection, instance_type=instance_type)
    return rows.values_list("usd_per_hour", flat=True).first()


def _history(connection: Connection, model_name: str, instance_type: str) -> list[Work]:
    rows = TransformJob.objects.filter(
        team=connection.team_id,
        connection=connection,
        model_name=model_name,
        instance_type=instance_type,
        state=JobState.COMPLETED,
        bytes_total__gt=0,
        objects_total__gt=0,
        plan_complete=True,
        started_at__isnull=False,
        ended_at__isnull=False,
    )
    # A trial takes as long as its start, whatever it reads.
    rows = rows.exclude(origin__in=TRIALS).order_by("-created_at", "-id")
    values = rows.values_list("bytes_total", "objects_total", "instance_count", "started_at", "ended_at")
    return [
        Work.of(size, objects, count, (end - start).total_seconds())
        for size, objects, count, start, end in values[:_LATEST]
        if size and objects and start and end
    ]


def _nearest(expected_work: Work, history: Sequence[Work]) -> list[Work]:
    """The jobs nearest in size: the time before the first record does not grow with the input."""
    return sorted(history, key=lambda work: abs(math.log(work.bytes / expected_work.bytes)))[:_NEAREST]
