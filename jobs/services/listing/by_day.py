"""Failures and costs of each day, for the small charts of the home page."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import TruncDay
from django.utils import timezone

from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.services.attempts import failure_report
from jobs.services.attempts.failure_report import ToTry

#: The days of the chart of failures, today included.
DAYS = 7
#: The days at each end of a month's chart below which its first and last day stand.
_LABEL_DAYS = 4


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day of a chart; `height` is in percent of the highest bar's."""

    day: date
    value: Any
    height: float

    @property
    def top(self) -> float:
        """Where the bar begins, in percent from above."""
        return round(100 - self.height, 1)


@dataclass(frozen=True, slots=True)
class Try:
    """The change that the latest job with a cause proposes, and the address of the form with it."""

    change: ToTry
    url: str


def bars(values: Iterable[tuple[date, Any]]) -> list[DayBar]:
    """Bars of these days' values, as high as their part of the highest value."""
    values = list(values)
    most = max((value for _, value in values), default=0) or 1
    return [DayBar(day, value, round(float(value / most) * 100, 1)) for day, value in values]


def failures(rows: JobQuerySet, causes: Collection[str]) -> dict[str, list[DayBar]]:
    """By cause, the jobs of `rows` that failed on each of the last days of the reader's calendar; one query."""
    today = timezone.localtime().date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    zone = timezone.get_current_timezone()
    failed_jobs = rows.order_by().filter(overall_cause__in=causes)
    keyed = failed_jobs.annotate(day=TruncDay("overall_ended_at", tzinfo=zone)).values_list(
        "overall_cause", "day"
    )
    counts = {(cause, at.date()): count for cause, at, count in keyed.annotate(Count("id")) if at}
    return {cause: bars((day, counts.get((cause, day), 0)) for day in days) for cause in causes}


def tries(rows: JobQuerySet, causes: Collection[str]) -> dict[str, Try]:
    """By cause, the change that the latest of the failed jobs proposes; one query."""
    by_cause = rows.order_by().filter(overall_cause__in=causes).values("overall_cause")
    newest = by_cause.annotate(newest=Max("id")).values("newest")
    tries_by_cause = {}
    for job in TransformJob.objects.select_related("connection").filter(pk__in=newest):
        failure = failure_report.failure_of(job)
        if failure is not None and failure.change is not None:
            tries_by_cause[failure.cause] = Try(failure.change, failure_report.try_url(job, failure.change))
    return tries_by_cause


@dataclass(frozen=True, slots=True)
class MonthSpend:
    """The costs of each day of this month by UTC; those of days to come are 0."""

    days: list[DayBar]
    today: date
    last_day: date

    @property
    def today_at(self) -> float | None:
        """Where the middle of today's bar is, in percent of the width; None where a label has no room."""
        if not _LABEL_DAYS < self.today.day <= self.last_day.day - _LABEL_DAYS:
            return None
        return round((self.today.day - 0.6) / self.last_day.day * 100, 1)


def spend(costs: Mapping[date, Decimal]) -> MonthSpend:
    """The chart of costs by day of this month, by the calendar of UTC."""
    today = timezone.now().astimezone(UTC).date()
    length = calendar.monthrange(today.year, today.month)[1]
    days = [today.replace(day=number) for number in range(1, length + 1)]
    return MonthSpend(bars((day, costs.get(day, Decimal(0))) for day in days), today, days[-1])
