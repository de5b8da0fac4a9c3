"""Monthly budgets: what a team has spent, whom that is told, and which jobs wait because of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from jobs.costs import dollars, exact
from jobs.lifecycle.queue.queueing import ITS_TURN
from jobs.models import DaySum, Dimension, MonthlyBudget, TransformJob
from jobs.models.day_sum import next_month
from jobs.models.monthly_budget import PastBudget
from jobs.states import JobState, WaitsFor
from teams.announcing import Announcement, announce
from teams.models import Team


def this_month() -> date:
    """The first day of the month in UTC, by which costs are counted."""
    return timezone.now().astimezone(UTC).date().replace(day=1)


def spent_by_team(team_ids: Collection[int], month: date) -> dict[int, Decimal]:
    """What counts against a budget: the known costs of a month, as the cost page has them; one query.

    A job counts when it has ended. Jobs without a known cost, and those of an engine without prices, count nothing.
    """
    rows = DaySum.objects.filter(
        team__in=team_ids, dimension=Dimension.MODEL, day__gte=month, day__lt=next_month(month)
    )
    sums = rows.order_by().values_list("team_id").annotate(Sum("millionths"))
    spent = dict.fromkeys(team_ids, Decimal(0))
    return spent | {team_id: exact(Decimal(millionths) / 1_000_000) for team_id, millionths in sums}


def spent_in(team: Team, month: date) -> Decimal:
    """What the team has spent in a month, as `spent_by_team` counts it."""
    return spent_by_team([team.pk], month)[team.pk]


def holds_jobs(budget: MonthlyBudget | None, spent: Decimal) -> bool:
    """Whether new jobs wait once so much is spent in this month."""
    return budget is not None and budget.past_budget == PastBudget.HOLD and spent >= budget.amount_usd


@dataclass(frozen=True, slots=True)
class SpentBudget:
    """A budget that keeps jobs from starting in a month, as so much is spent."""

    budget: MonthlyBudget
    month: date
    spent: Decimal

    @property
    def reason(self) -> str:
        """The sentence for jobs that wait."""
        return (
            f"The team's budget for {self.month:%B %Y} is spent. It starts when an admin raises the budget, or when "
            "the month ends (UTC)."
        )


def find_spent_budget(job: TransformJob) -> SpentBudget | None:
    """What keeps the job from starting now; None if its team's budget allows it, or nothing would be billed."""
    budget = MonthlyBudget.objects.filter(team=job.team_id, past_budget=PastBudget.HOLD).first()
    if budget is None or (job.connection.is_engine and job.price_now is None):
        return None
    month = this_month()
    spent = spent_by_team([job.team_id], month)[job.team_id]
    return SpentBudget(budget, month, spent) if holds_jobs(budget, spent) else None


def release_held() -> int:
    """Put jobs that waited for a budget back into the line, where the budget allows that now; returns their number."""
    held_jobs = TransformJob.objects.filter(state=JobState.WAITING, waits_for=WaitsFor.BUDGET)
    team_ids = set(held_jobs.order_by().values_list("team_id", flat=True).distinct())
    if not team_ids:
        return 0
    spent = spent_by_team(team_ids, this_month())
    budgets = MonthlyBudget.objects.filter(team__in=team_ids)
    team_ids -= {budget.team_id for budget in budgets if holds_jobs(budget, spent[budget.team_id])}
    return held_jobs.filter(team__in=team_ids).update(
        waits_for=WaitsFor.TURN, state_reason=ITS_TURN, changed_at=timezone.now()
    )


def announce_reached() -> int:
    """Tell each team once a month that the share it warns at, and the whole budget, is spent; returns how many."""
    month = this_month()
    budgets = list(MonthlyBudget.objects.exclude(spent_month=month).select_related("team"))
    spent = spent_by_team([budget.team_id for budget in budgets], month) if budgets else {}
    return sum(_announce_if_reached(budget, spent[budget.team_id], month) for budget in budgets)


def _announce_if_reached(budget: MonthlyBudget, spent: Decimal, month: date) -> bool:
    column = reached_column(budget, spent)
    if column is None:
        return False
    # Who is told that all is spent need not be told of the share.
    values = {"warned_month": month} | {column: month}
    with transaction.atomic():
        # As it was read: another worker may have told it, and an admin may have changed the budget meanwhile.
        rows = MonthlyBudget.objects.filter(pk=budget.pk, changed_at=budget.changed_at)
        if rows.exclude(**{column: month}).update(**values) != 1:
            return False
        announce(
            _announcement(budget, spent, month, budget.warn_percent if column == "warned_month" else 100)
        )
    return True


def reached_column(budget: MonthlyBudget, spent: Decimal) -> str | None:
    """The column of the highest threshold that is reached; None if none is."""
    if spent >= budget.amount_usd:
        return "spent_month"
    return "warned_month" if spent >= budget.warn_amount_usd else None


def _announcement(budget: MonthlyBudget, spent: Decimal, month: date, percent: int) -> Announcement:
    amount = dollars(budget.amount_usd)
    part = "The budget" if percent == 100 else f"{percent} % of the budget"
    waits = " New jobs wait until an admin raises it or the month ends."
    return Announcement(
        team=budget.team,
        kind="budget.reached",
        # A changed budget may be reached once more in the same month.
        key=f"budget-{month:%Y-%m}-{percent}-{budget.changed_at:%Y%m%d%H%M%S%f}",
        title=f"{part} of {amount} for {month:%B %Y} is spent",
        reason=f"The jobs that ended in {month:%B %Y} (UTC) have cost {dollars(spent)}."
        + (waits if holds_jobs(budget, spent) else ""),
        path="/costs/",
        facts={
            "month": f"{month:%Y-%m}",
            "percent": percent,
            "spent_usd": f"{spent:f}",
            "budget_usd": f"{budget.amount_usd:f}",
            "past_budget": budget.past_budget,
        },
    )
