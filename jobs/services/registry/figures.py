"""Figures of models: number of jobs, last job, success rate, duration, and cost of a thousand records.

They are read from the sums by day and from a model's latest jobs, so a long history costs no time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from statistics import median_low
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils import timezone

from failures import Cause, cause_named
from jobs import queries
from jobs.costs import exact
from jobs.models import DaySum, Dimension, RegisteredModel, TransformJob
from jobs.services.listing.typical import latest_durations
from jobs.states import TRIALS

#: Figures count jobs of so many days: older jobs say little about the next one.
DAYS = 90
#: The median duration is that of so many of the latest completed jobs among them.
LATEST = 1000
_SUMS = {
    "completed_jobs": Sum("completed"),
    "failed_jobs": Sum("failed"),
    "priced_attempts": Sum("priced"),
    "cost": Sum("priced_millionths"),
    "records": Sum("priced_records"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model. `jobs` is counted up to `queries.COUNTED` + 1; the rest covers the last DAYS days of UTC.

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
    sums = _sums(models)
    medians = {pk: median_low(seconds) for pk, seconds in latest_durations(ids, LATEST, _since()).items()}
    counts = {pk: (jobs, last) for pk, jobs, last in _ever(ids)}
    last = TransformJob.objects.defer("spec", "search_text").in_bulk(
        [job for _, job in counts.values() if job]
    )
    last = {pk: queries.whole(job) for pk, job in last.items()}
    return {
        model.pk: _figures(
            counts[model.pk], last, sums.get((model.connection_id, model.name), {}), medians.get(model.pk)
        )
        for model in models
    }


def _sums(models: Collection[RegisteredModel]) -> dict[tuple[int, str], Any]:
    """Sums of the last DAYS days by connection and name: success of whole jobs, cost and records of attempts."""
    first = timezone.now().astimezone(UTC).date() - timedelta(days=DAYS - 1)
    rows = DaySum.objects.filter(
        dimension=Dimension.MODEL,
        team__in={model.team_id for model in models},
        model_name__in={model.name for model in models},
        day__gte=first,
    )
    sums = rows.order_by().values("connection", "model_name").annotate(**_SUMS)
    return {(row["connection"], row["model_name"]): row for row in sums}


def causes(model: RegisteredModel) -> list[tuple[Cause, int]]:
    """The causes of failure in the last DAYS days with their counts, the most frequent first."""
    rows = TransformJob.objects.filter(model=model, created_at__gte=_since(), root=None)
    rows = rows.exclude(origin__in=TRIALS)
    explained = rows.exclude(overall_cause="").order_by().values("overall_cause").annotate(n=Count("id"))
    return [
        (cause_named(row["overall_cause"]), row["n"]) for row in explained.order_by("-n", "overall_cause")
    ]


class _Counted(Subquery):
    """The number of rows of a subquery, which may have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"


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


def _figures(
    counted: tuple[int, int | None], last: dict[int, TransformJob], sums: dict[str, Any], median: int | None
) -> Figures:
    jobs, newest = counted
    records = sums.get("records") or 0
    return Figures(
        jobs=jobs,
        last=last.get(newest) if newest else None,
        completed=sums.get("completed_jobs", 0),
        failed=sums.get("failed_jobs", 0),
        median_seconds=median,
        cost_per_1000=exact(Decimal(sums["cost"]) / 1000 / records) if records else None,
        priced=sums.get("priced_attempts", 0),
    )
