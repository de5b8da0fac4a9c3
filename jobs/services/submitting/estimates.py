"""How long a job will take and what it will cost, from the team's own jobs that were like it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median, quantiles
from urllib.parse import urlencode

from jobs.costs import amount
from jobs.models import Connection, InstancePrice, TransformJob
from jobs.states import JobState

#: Fewer like jobs than this tell nothing.
LEAST = 5
#: Those nearest in size, out of the latest.
_NEAREST, _LATEST = 20, 200


@dataclass(frozen=True, slots=True)
class Work:
    """What an instance has to do: the bytes that it reads, for `seconds` once that is known."""

    bytes: float
    seconds: float = 0.0

    @staticmethod
    def of(size: int, objects: int, instances: int, seconds: float = 0.0) -> Work:
        """The share of one instance; an object is read by one of them, so more instances than objects do not help."""
        return Work(size / max(1, min(instances, objects)), seconds)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds that nine of ten like jobs would have taken at least (`low`) and at most (`high`), and half of them.

    `jobs` is how many were looked at, those that `query` finds among others. The amounts of US dollars are None
    without a price. `at_least` says that there is more input than was counted.
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

    @property
    def band(self) -> tuple[float, float, float]:
        """Where the range begins, how wide it is and where its middle is, in percent of a scale that begins at 0."""
        whole = max(1, self.high) * 1.25
        return (
            round(self.low / whole * 100, 1),
            round(max(1.0, (self.high - self.low) / whole * 100), 1),
            round(self.middle / whole * 100, 1),
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
    """What jobs of the same model and instance type on the connection tell of one that reads `size` bytes.

    Their times are scaled by the bytes for each instance. None where fewer than LEAST are known.
    """
    if not (model_name and instance_type and size and objects):
        return None
    wanted = Work.of(size, objects, instance_count)
    known = _nearest(wanted, _history(connection, model_name, instance_type))
    if len(known) < LEAST:
        return None
    scaled = sorted(work.seconds * wanted.bytes / work.bytes for work in known)
    tenths = quantiles(scaled, n=10, method="inclusive")
    low, middle, high = (max(1, round(value)) for value in (tenths[0], median(scaled), tenths[-1]))
    price = (
        InstancePrice.objects.filter(connection=connection, instance_type=instance_type)
        .values_list("usd_per_hour", flat=True)
        .first()
    )
    cost_low, cost, cost_high = (
        None if price is None else amount(each * instance_count, price) for each in (low, middle, high)
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
    ).order_by("-created_at", "-id")
    values = rows.values_list("bytes_total", "objects_total", "instance_count", "started_at", "ended_at")
    return [
        Work.of(size, objects, count, (ended - started).total_seconds())
        for size, objects, count, started, ended in values[:_LATEST]
        if size and objects and started and ended
    ]


def _nearest(wanted: Work, known: Sequence[Work]) -> list[Work]:
    """Those whose size is most alike: what a job does before its first record does not grow with the input."""
    return sorted(known, key=lambda work: abs(math.log(work.bytes / wanted.bytes)))[:_NEAREST]
