"""Costs of jobs that ended, from the sums by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from jobs.costs import exact
from jobs.models import Connection, DaySum, Dimension
from jobs.models.day_sum import next_month
from jobs.services.errors import InvalidFields
from teams.models import Team, User

#: Keys that totals may be grouped by, in the order of their columns.
KEYS = ("team", "month", "model", "connection")
_COLUMNS: dict[str, Any] = {
    "team": F("team__slug"),
    "month": TruncMonth("day"),
    "model": F("model_name"),
    "connection": F("connection__slug"),
}
#: What else the costs of one team are grouped by: the sums by day have these values alone, beside the month.
OF_VALUES = {"owner": Dimension.OWNER, "tag": Dimension.TAG}
_ON_ENGINE = Q(connection__kind=Connection.Kind.ENGINE)
_FIGURES = {
    "jobs": Sum("ran", default=0),
    "no_price": Sum("unpriced", filter=~_ON_ENGINE, default=0),
    "not_billed": Sum("unpriced", filter=_ON_ENGINE, default=0),
    "no_time": Sum("untimed", default=0),
    "billed_seconds": Sum("seconds", default=0),
    "amount": Sum("millionths", default=0),
    "all_attempts": Sum("attempts", default=0),
    "no_amount": Sum(F("unpriced") + F("untimed"), default=0),
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

    def narrow(self, rows: QuerySet[DaySum]) -> QuerySet[DaySum]:
        """The sums of days in the period, by the calendar of UTC, as AWS bills."""
        if self.first:
            rows = rows.filter(day__gte=self.first)
        if self.last:
            rows = rows.filter(day__lt=next_month(self.last))
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
    rows = _sums(teams, period, connection).annotate(**keys).values(*keys).annotate(**_FIGURES)
    totals_by_key = [_total(row, keys) for row in rows.filter(all_attempts__gt=0).order_by(*keys)]
    totals_by_key.sort(key=lambda total: (total.amount is None, -(total.amount or 0)))
    if "month" in by:
        totals_by_key.sort(key=lambda total: total.keys["month"], reverse=True)
    return totals_by_key


def totals_of_values(team: Team, by: str, period: Period = Period()) -> list[Total]:
    """Totals of the team by `owner` or `tag`, the highest amount first; one query, and one for names of owners.

    A job counts for each of its tags. These sums do not tell attempts that are not billed from those without a known
    cost, so `unknown` counts both. The key is a user name, None once the person is gone, or `key=value`.
    """
    rows: QuerySet[Any] = period.narrow(
        DaySum.objects.for_team(team).filter(dimension=OF_VALUES[by]).order_by()
    )
    by_value = rows.values("value").annotate(**_FIGURES)
    sums: list[dict[str, Any]] = list(by_value.filter(all_attempts__gt=0).order_by("value"))
    names: dict[str, str] = {row["value"]: row["value"] for row in sums}
    if by == "owner":
        people = User.objects.filter(pk__in=[value for value in names if value])
        names = {str(pk): name for pk, name in people.values_list("pk", "username")}
    parts: dict[str | None, list[Total]] = defaultdict(list)
    for row in sums:
        parts[names.get(row["value"])].append(_total(row, ()))
    named = [replace(together(totals), keys={by: name}) for name, totals in parts.items()]
    return sorted(named, key=lambda total: (total.amount is None, -(total.amount or 0)))


def whole(teams: Collection[Team], period: Period = Period(), connection: str = "") -> Total:
    """The total of all jobs; one query."""
    return _total(_sums(teams, period, connection).aggregate(**_FIGURES), ())


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


def costs_by_day(team: Team, first: date, end: date) -> dict[date, Decimal]:
    """Known costs of the team by day of UTC, from `first` to before `end`, without days that have none; one query."""
    rows = _sums([team]).filter(day__gte=first, day__lt=end)
    sums = rows.values_list("day").annotate(amount=Sum("millionths")).filter(amount__gt=0)
    return {day: dollars_of(amount) for day, amount in sums}


def dollars_of(millionths: int) -> Decimal:
    """An amount that is kept in millionths of a dollar."""
    return exact(Decimal(millionths) / 1_000_000)


def _sums(teams: Collection[Team], period: Period = Period(), connection: str = "") -> QuerySet[DaySum]:
    rows = DaySum.objects.filter(team__in=teams, dimension=Dimension.MODEL).order_by()
    return period.narrow(rows.filter(connection__slug=connection) if connection else rows)


def parse_month(text: str) -> date:
    """The first day of a month such as 2026-01; ValueError for other texts and for years outside 2000 to 2999."""
    month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    if not 2000 <= month.year < 3000:
        raise ValueError(f"{text} is long ago or far away")
    return month


def _total(row: dict[str, Any], keys: Collection[str]) -> Total:
    is_known = row["all_attempts"] > row["no_amount"]
    return Total(
        keys={name.removeprefix("by_"): row[name] for name in keys},
        jobs=row["jobs"],
        unknown=row["no_price"] + row["no_time"],
        not_billed=row["not_billed"],
        instance_seconds=row["billed_seconds"],
        amount=dollars_of(row["amount"]) if is_known else None,
    )
