"""Costs of jobs that ended, added up by the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from jobs.costs import exact
from jobs.models import Connection, TransformJob
from jobs.services.errors import InvalidFields
from jobs.states import RAN
from teams.models import Team

#: Keys that totals may be grouped by, in the order of their columns.
KEYS = ("team", "month", "model", "connection")
_COLUMNS: dict[str, Any] = {
    "team": F("team__slug"),
    "month": TruncMonth("ended_at", tzinfo=UTC),
    "model": F("model_name"),
    "connection": F("connection__slug"),
}
_NO_AMOUNT = Q(cost_usd=None)
_ENGINE = Q(connection__kind=Connection.Kind.ENGINE, instance_seconds__isnull=False)
# The counted column is in the index, so that no row is read for it.
_FIGURES = {
    "jobs": Count("team", filter=Q(root=None)),
    "unknown": Count("team", filter=_NO_AMOUNT & ~_ENGINE),
    "not_billed": Count("team", filter=_NO_AMOUNT & _ENGINE),
    "seconds": Sum("instance_seconds"),
    "amount": Sum("cost_usd"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, from the first to the last inclusive; None is an open end."""

    first: date | None = None
    last: date | None = None

    @staticmethod
    def parse(first: str, last: str) -> Period:
        """Parse months such as 2026-01, empty for an open end; InvalidFields names `from` and `to`."""
        months = {}
        problems = {}
        for name, text in (("from", first), ("to", last)):
            try:
                months[name] = parse_month(text) if text else None
            except ValueError:
                problems[name] = ["It must be a month such as 2026-01."]
        if problems:
            raise InvalidFields(problems)
        return Period(months["from"], months["to"])

    def narrow(self, rows: QuerySet[TransformJob]) -> QuerySet[TransformJob]:
        """The jobs that ended in the period, by the calendar of UTC, as AWS bills."""
        if self.first:
            rows = rows.filter(ended_at__gte=_begin(self.first))
        if self.last:
            rows = rows.filter(ended_at__lt=_begin(next_month(self.last)))
        return rows


@dataclass(frozen=True, slots=True)
class Total:
    """Jobs that ended and ran, and what they cost in US dollars.

    A job counts once, when its first attempt ended; the amounts are those of all attempts. `unknown` attempts have no
    known cost and `not_billed` ran on an engine without prices: neither is in `amount`, which is None if no cost is
    known. `keys` has the values that the total is grouped by.
    """

    keys: dict[str, Any]
    jobs: int
    unknown: int
    not_billed: int
    instance_seconds: int
    amount: Decimal | None


def totals(
    teams: Collection[Team],
    by: Collection[str],
    period: Period = Period(),
    connection: str = "",
) -> list[Total]:
    """Totals of these teams for each combination of the keys in `by`, newest month first, then the highest amount.

    One query. An empty `by` gives no totals; ValueError names an unknown key.
    """
    unknown = [name for name in by if name not in KEYS]
    if unknown:
        raise ValueError(f"{unknown[0]} is none of {', '.join(KEYS)}")
    keys = {f"by_{name}": _COLUMNS[name] for name in KEYS if name in by}
    if not keys:
        return []
    rows = _ran(teams, period, connection).annotate(**keys).values(*keys).annotate(**_FIGURES)
    newest = ["-by_month"] if "by_month" in keys else []
    dearest = F("amount").desc(nulls_last=True)
    return [_total(row, keys) for row in rows.order_by(*newest, dearest, *keys)]


def whole(teams: Collection[Team], period: Period = Period(), connection: str = "") -> Total:
    """The total of all jobs; one query."""
    return _total(_ran(teams, period, connection).aggregate(**_FIGURES), ())


def together(parts: Iterable[Total]) -> Total:
    """The sum of totals of different jobs: what `whole` returns for all these jobs, without a query."""
    parts = list(parts)
    amounts = [part.amount for part in parts if part.amount is not None]
    return Total(
        keys={},
        jobs=sum(part.jobs for part in parts),
        unknown=sum(part.unknown for part in parts),
        not_billed=sum(part.not_billed for part in parts),
        instance_seconds=sum(part.instance_seconds for part in parts),
        amount=sum(amounts, Decimal(0)) if amounts else None,
    )


def _ran(teams: Collection[Team], period: Period, connection: str) -> QuerySet[TransformJob]:
    # A job that never started has nothing to bill, whatever else is missing.
    rows = TransformJob.objects.filter(team__in=teams, state__in=RAN, started_at__isnull=False)
    return period.narrow(rows.filter(connection__slug=connection) if connection else rows).order_by()


def parse_month(text: str) -> date:
    """The first day of a month such as 2026-01; ValueError for other texts and for years outside 2000 to 2999."""
    month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    if not 2000 <= month.year < 3000:
        raise ValueError(f"{text} is long ago or far away")
    return month


def next_month(month: date) -> date:
    """The first day of the month after this one's."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _begin(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _total(row: dict[str, Any], keys: Collection[str]) -> Total:
    return Total(
        keys={name.removeprefix("by_"): _plain(row[name]) for name in keys},
        jobs=row["jobs"],
        unknown=row["unknown"],
        not_billed=row["not_billed"],
        instance_seconds=row["seconds"] or 0,
        amount=None if row["amount"] is None else exact(row["amount"]),
    )


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value
