"""The monthly budget of a team."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from jobs.models.scoped import TeamQuerySet
from teams.models import Team


class PastBudget(models.TextChoices):
    """What happens to new jobs once the budget of the month is spent."""

    WARN = "warn", "Warn only"
    HOLD = "hold", "Hold new jobs"


class MonthlyBudget(models.Model):
    """What a team means to spend in each month of UTC; a team without a row has no budget.

    `warned_month` and `spent_month` are the first days of the months in which people were last told that the share
    `warn_percent`, and the whole, is spent.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="monthly_budget")
    amount_usd = models.DecimalField(max_digits=12, decimal_places=2)
    warn_percent = models.PositiveSmallIntegerField(
        default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    past_budget = models.CharField(max_length=4, choices=PastBudget.choices, default=PastBudget.WARN)
    warned_month = models.DateField(null=True, editable=False)
    spent_month = models.DateField(null=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TeamQuerySet[MonthlyBudget]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_usd__gt=0), name="budget_above_zero"),
            models.CheckConstraint(
                condition=models.Q(warn_percent__gte=1, warn_percent__lte=100), name="budget_share_in_percent"
            ),
            models.CheckConstraint(
                condition=models.Q(past_budget__in=PastBudget.values), name="budget_past_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_usd} USD a month"

    @property
    def warn_amount_usd(self) -> Decimal:
        """The spend from which people are warned."""
        return self.amount_usd * self.warn_percent / 100
