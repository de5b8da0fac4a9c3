"""What a team's month will cost: what is spent, the runs that are planned, and other jobs as on the days before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from jobs.costs import dollars
from jobs.models.day_sum import begin_of, next_month
from teams.models import Team

#: The whole days before today that say what a run and a day cost: five weeks, so that each has a monthly run.
DAYS = 35
#: The fewest whole days that say what a day costs.
_LEAST_DAYS = 3
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """Runs that are planned until the end of a month: their number, what they cost together, and what they cost before.

    `past` is what earlier runs of the same plan cost on the days that were asked for.
    """

    runs: int
    amount: Decimal
    past: Decimal


#: Finds the runs of a team that are planned until a time, by the costs of earlier runs between two days.
PlanReader = Callable[[Team, date, date, datetime], Iterable[PlannedCost]]
_readers: list[PlanReader] = []


def add_plans(reader: PlanReader) -> None:
    """Let a forecast count what this finds too. An app that runs jobs by itself calls it when it is ready."""
    _readers.append(reader)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a month will cost, in US dollars: `amount` is the sum of `spent`, `planned` and `unplanned`.

    `runs` are the planned runs whose cost is known from earlier ones; `per_day` is what other jobs cost a day.
    """

    spent: Decimal
    planned: Decimal
    runs: int
    per_day: Decimal
    unplanned: Decimal
    last_day: date

    @property
    def amount(self) -> Decimal:
        """What the month will have cost at its end."""
        return (self.spent + self.planned + self.unplanned).quantize(_CENT)

    @property
    def way(self) -> str:
        """How it was computed, as a sentence."""
        parts = ["what is spent"]
        if self.runs:
            plural = "run that is" if self.runs == 1 else "runs that are"
            parts.append(
                f"{self.runs:,} {plural} planned, at what earlier runs cost ({dollars(self.planned)})"
            )
        if self.per_day:
            jobs = "other jobs" if self.runs else "jobs"
            parts.append(f"{dollars(self.per_day)} a day for {jobs}, as in the last {DAYS} days")
        text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"Forecast: {text}."


def first_day(today: date) -> date:
    """The first of the days whose costs a forecast is made from."""
    return today - timedelta(days=DAYS)


def forecast(team: Team, now: datetime, costs: Mapping[date, Decimal]) -> Forecast | None:
    """What this month of UTC will cost the team; None without costs that tell.

    `costs` has the costs by day of this month, and of the days from `first_day` on. Reads the plans alone.
    """
    today, month = now.date(), now.date().replace(day=1)
    end = begin_of(next_month(month))
    plans = [plan for read in _readers for plan in read(team, first_day(today), today, end)]
    per_day = _per_day(costs, today, sum((plan.past for plan in plans), Decimal(0)))
    planned = sum((plan.amount for plan in plans), Decimal(0))
    if not (per_day or planned):
        return None
    return Forecast(
        spent=sum((amount for day, amount in costs.items() if day >= month), Decimal(0)),
        planned=planned,
        runs=sum(plan.runs for plan in plans),
        per_day=per_day,
        unplanned=per_day * Decimal((end - now) / timedelta(days=1)),
        last_day=end.date() - timedelta(days=1),
    )


def _per_day(costs: Mapping[date, Decimal], today: date, planned_past: Decimal) -> Decimal:
    """What jobs beside the planned ones cost on a day before today; 0 where too few days tell."""
    past = {day: amount for day, amount in costs.items() if first_day(today) <= day < today}
    days = (today - min(past, default=today)).days
    if days < _LEAST_DAYS:
        return Decimal(0)
    return max(sum(past.values(), Decimal(0)) - planned_past, Decimal(0)) / days
