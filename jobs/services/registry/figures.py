"""Figures of models: number of jobs, last job, success rate, duration, and cost of a thousand records.

The queries read an index that covers all columns, so a long history costs no time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db.models import Aggregate, Count, F, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from failures import Cause, cause_named
from jobs import queries
from jobs.costs import exact
from jobs.models import RegisteredModel, TransformJob
from jobs.states import JobState

#: Figures count jobs of so many days: older jobs say little about the next one.
DAYS = 90
#: Success is counted for a job with all its attempts; cost and records for each attempt.
_DONE = Q(root=None, overall_state=JobState.COMPLETED)
_NOT_DONE = Q(root=None, overall_state=JobState.FAILED)
_PRICED = Q(state=JobState.COMPLETED, cost_usd__isnull=False, records__gt=0)
_SUMS = {
    "completed": Count("id", filter=_DONE),
    "failed": Count("id", filter=_NOT_DONE),
    "priced": Count("id", filter=_PRICED),
    "cost": Sum("cost_usd", filter=_PRICED),
    "records": Sum("records", filter=_PRICED),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model. `jobs` is counted up to `queries.COUNTED` + 1; the rest covers the last DAYS days.

    A stopped, withdrawn or refused job is neither success nor failure. `cost_per_1000` is in US dollars, over the
    `priced` attempts whose cost and number of records are known; None if there are none.
    """

    jobs: int = 0
    last: TransformJob | None = None
    completed: int = 0
    failed: int = 0
    median_seconds: int | None = None
    cost_per_1000: Decimal | None = None
    priced: int = 0

    @property
    def ended(self) -> int:
        """The number of jobs that the success rate counts."""
        return self.completed + self.failed

    @property
    def success_rate(self) -> float | None:
        """The share of successes, from 0 to 1; None if no job has ended."""
        return self.completed / self.ended if self.ended else None


def of(models: Collection[RegisteredModel]) -> dict[int, Figures]:
    """The figures of these models by row id, in four queries."""
    ids = [model.pk for model in models]
    if not ids:
        return {}
    recent = TransformJob.objects.filter(model__in=ids, created_at__gte=_since()).order_by()
    sums: dict[int, Any] = {row["model"]: row for row in recent.values("model").annotate(**_SUMS)}
    medians = _medians(recent.filter(_DONE))
    counts = {pk: (jobs, last) for pk, jobs, last in _ever(ids)}
    last = TransformJob.objects.defer("spec", "search_text").in_bulk(
        [job for _, job in counts.values() if job]
    )
    last = {pk: queries.whole(job) for pk, job in last.items()}
    return {pk: _figures(counts[pk], last, sums.get(pk, {}), medians.get(pk)) for pk in ids}


def causes(model: RegisteredModel) -> list[tuple[Cause, int]]:
    """The causes of failure in the last DAYS days with their counts, the most frequent first."""
    rows = TransformJob.objects.filter(model=model, created_at__gte=_since(), root=None)
    explained = rows.exclude(overall_cause="").order_by().values("overall_cause").annotate(n=Count("id"))
    return [
        (cause_named(row["overall_cause"]), row["n"]) for row in explained.order_by("-n", "overall_cause")
    ]


class _Counted(Subquery):
    """The number of rows of a subquery, which may have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"


class _Median(Aggregate):
    """PostgreSQL's median."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


def _since() -> Any:
    return timezone.now() - timedelta(days=DAYS)


def _ever(ids: list[int]) -> Any:
    """Each model's number of jobs, up to the limit of counting, and the newest job's row id."""
    jobs = TransformJob.objects.filter(model=OuterRef("pk"), root=None)
    newest = jobs.order_by("-created_at", "-id").values("pk")[:1]
    some = jobs.order_by().values("pk")[: queries.COUNTED + 1]
    rows = RegisteredModel.objects.filter(pk__in=ids).annotate(
        jobs_counted=_Counted(some), newest=Subquery(newest)
    )
    return rows.values_list("pk", "jobs_counted", "newest")


def _medians(rows: Any) -> dict[int, int]:
    """By model, the median duration; the shorter of two middle ones."""
    if database.vendor == "postgresql":
        # Takes a third of the time of the query below, which SQLite needs.
        return dict(
            rows.values("model").annotate(median=_Median("overall_duration")).values_list("model", "median")
        )
    ranked = rows.annotate(
        rank=Window(RowNumber(), partition_by="model", order_by="overall_duration"),
        among=Window(Count("id"), partition_by="model"),
    )
    middle = ranked.filter(rank=(F("among") + 1) / 2)
    return dict(middle.values_list("model", "overall_duration"))


def _figures(
    counted: tuple[int, int | None], last: dict[int, TransformJob], sums: dict[str, Any], median: int | None
) -> Figures:
    jobs, newest = counted
    records = sums.get("records") or 0
    return Figures(
        jobs=jobs,
        last=last.get(newest) if newest else None,
        completed=sums.get("completed", 0),
        failed=sums.get("failed", 0),
        median_seconds=median,
        cost_per_1000=exact(Decimal(sums["cost"]) * 1000 / records) if records else None,
        priced=sums.get("priced", 0),
    )
