"""The monthly budget of a team: reading it with what is spent and forecast, setting and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils import timezone

from jobs.costs import dollars
from jobs.lifecycle import budgets as rows
from jobs.models import Connection, MonthlyBudget, TransformJob
from jobs.models.day_sum import next_month
from jobs.models.monthly_budget import PastBudget
from jobs.services.errors import InvalidFields
from jobs.services.listing import spending
from jobs.services.listing.forecast import Forecast, first_day, forecast
from teams import activity
from teams.models import ApiToken, Team, User

MOST_USD = 100_000_000
#: The share of the budget at which people are warned, unless an admin sets another, in percent.
WARN_PERCENT = 80


@dataclass(frozen=True, slots=True)
class MonthStanding:
    """This month of a team: what is spent, by day too, its budget, and what it will cost; None if not known."""

    month: date
    by_day: Mapping[date, Decimal]
    spent: Decimal
    budget: MonthlyBudget | None
    forecast: Forecast | None

    @property
    def percent(self) -> int | None:
        """The spent part of the budget, rounded down; None without a budget."""
        return int(self.spent * 100 / self.budget.amount_usd) if self.budget else None

    @property
    def holds_jobs(self) -> bool:
        """Whether new jobs wait, as the budget is spent."""
        return rows.holds_jobs(self.budget, self.spent)

    @property
    def look(self) -> str:
        """fail once the budget is spent, warn from the share that warns on, else ok."""
        if self.budget is None or self.spent < self.budget.warn_amount_usd:
            return "ok"
        return "fail" if self.spent >= self.budget.amount_usd else "warn"

    @property
    def difference(self) -> str:
        """The forecast beside the budget in words, "$73.00 under budget"; empty without both."""
        if self.budget is None or self.forecast is None:
            return ""
        difference = self.budget.amount_usd - self.forecast.amount
        return f"{dollars(abs(difference))} {'under' if difference >= 0 else 'over'} budget"

    @property
    def bar(self) -> dict[str, float]:
        """Where the parts of the bar end, in percent of it: `spent`, `forecast`, `warn` and `budget`."""
        forecast_amount = self.forecast.amount if self.forecast else self.spent
        amount = self.budget.amount_usd if self.budget else Decimal(0)
        scale = max(self.spent, forecast_amount, amount) or Decimal(1)
        ends = {"spent": self.spent, "forecast": max(forecast_amount, self.spent)}
        if self.budget:
            ends |= {"warn": self.budget.warn_amount_usd, "budget": amount}
        return {name: round(float(value / scale * 100), 1) for name, value in ends.items()}


def standing(team: Team) -> MonthStanding:
    """The team's month so far; two queries, and those of the plans."""
    now = timezone.now().astimezone(UTC)
    month = now.date().replace(day=1)
    costs = spending.costs_by_day(team, min(month, first_day(now.date())), next_month(month))
    by_day = {day: amount for day, amount in costs.items() if day >= month}
    return MonthStanding(
        month=month,
        by_day=by_day,
        spent=sum(by_day.values(), Decimal(0)),
        budget=MonthlyBudget.objects.for_team(team).first(),
        forecast=forecast(team, now, costs),
    )


def hold_sentence(connection: Connection, instance_type: str) -> str:
    """A sentence that says that a new job would wait for its team's budget; empty if it would not."""
    job = TransformJob(team=connection.team, connection=connection, instance_type=instance_type)
    spent_budget = rows.find_spent_budget(job)
    if spent_budget is None:
        return ""
    return (
        f"The team's budget of {dollars(spent_budget.budget.amount_usd)} for {spent_budget.month:%B %Y} is spent "
        f"({dollars(spent_budget.spent)}): the job will wait until an admin raises the budget, or the month ends (UTC)."
    )


def set_budget(team: Team, fields: Mapping[str, Any], *, by: User, token: ApiToken | None = None) -> None:
    """Set the team's budget. A field that is left out stays as it is, or has its default. Raises InvalidFields.

    Thresholds that this budget has not reached are told again when it reaches them.
    """
    with transaction.atomic():
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        budget = MonthlyBudget.objects.for_team(team).first() or MonthlyBudget(team=team, amount_usd=0)
        before = {} if budget.pk is None else _values_of(budget)
        _write_fields(budget, fields)
        after = _values_of(budget)
        if before == after:
            return
        spent = rows.spent_in(team, rows.this_month())
        budget.warned_month = budget.warned_month if spent >= budget.warn_amount_usd else None
        budget.spent_month = budget.spent_month if spent >= budget.amount_usd else None
        budget.changed_at = timezone.now()
        budget.save()
        activity.record(
            team, by, "budget.set", budget, label=str(budget), token=token, before=before, after=after
        )
        rows.release_held()


def remove_budget(team: Team, *, by: User, token: ApiToken | None = None) -> None:
    """Remove the team's budget, if it has one; jobs that waited for it go on."""
    with transaction.atomic():
        budget = MonthlyBudget.objects.select_for_update().filter(team=team).first()
        if budget is None:
            return
        before = _values_of(budget)
        activity.record(
            team, by, "budget.removed", budget, label=str(budget), token=token, before=before, after={}
        )
        budget.delete()
        rows.release_held()


def _values_of(budget: MonthlyBudget) -> dict[str, Any]:
    """What the record of acts has of the budget; the team stands beside it."""
    return {name: value for name, value in activity.values_of(budget).items() if name != "team"}


def _write_fields(budget: MonthlyBudget, fields: Mapping[str, Any]) -> None:
    problems: dict[str, list[str]] = {}
    amount = _amount(fields.get("amount_usd", budget.amount_usd))
    if amount is None:
        text = f"It must be US dollars a month: more than 0, at most {MOST_USD:,}, with at most 2 decimals."
        problems["amount_usd"] = [text]
    percent = _percent(fields.get("warn_percent", budget.warn_percent))
    if percent is None:
        problems["warn_percent"] = ["It must be a whole number of percent, 1 to 100."]
    past_budget = fields.get("past_budget", budget.past_budget)
    if past_budget not in PastBudget.values:
        problems["past_budget"] = [f"It must be one of {', '.join(PastBudget.values)}."]
    if problems or amount is None or percent is None:
        raise InvalidFields(problems)
    budget.amount_usd, budget.warn_percent, budget.past_budget = amount, percent, past_budget


def _amount(value: object) -> Decimal | None:
    """Parse an amount of dollars and cents; None if the value is none in range."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 < amount <= MOST_USD or amount != round(amount, 2):
        return None
    return round(amount, 2)


def _percent(value: object) -> int | None:
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    percent = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0
    return percent if 1 <= percent <= 100 else None
