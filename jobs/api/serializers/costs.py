"""Costs of jobs and prices of instances."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.costs import CURRENCY, Cost, NoAmount
from jobs.models import Connection, InstancePrice
from jobs.models.monthly_budget import PastBudget
from jobs.services.listing.budgets import MonthStanding
from jobs.services.listing.forecast import Forecast


class CostAnswer(serializers.Serializer[Cost]):
    """A job's cost, so far if it is not `final`; if `amount` is null, `reason` says why."""

    amount = serializers.FloatField(allow_null=True)
    currency = serializers.SerializerMethodField()
    instance_seconds = serializers.IntegerField(allow_null=True)
    price = serializers.FloatField(allow_null=True, help_text="For an instance and hour.")
    final = serializers.BooleanField()
    reason = serializers.ChoiceField(
        source="reason.value", choices=[reason.value for reason in NoAmount], allow_null=True, default=None
    )

    def get_currency(self, cost: Cost) -> str:
        """US dollars, as AWS's price list has them."""
        return CURRENCY


class PriceAnswer(serializers.ModelSerializer[InstancePrice]):
    """The price of an instance for an hour; `source` is `hand`, or `aws` for AWS's price list."""

    usd_per_hour = serializers.FloatField()

    class Meta:
        model = InstancePrice
        fields = ["instance_type", "usd_per_hour", "source", "changed_at"]


class PricesAnswer(serializers.ModelSerializer[Connection]):
    """A connection's prices; `read_at` is when AWS's list was last read, `read_error` the last error."""

    results = PriceAnswer(source="prices", many=True)
    read_at = serializers.DateTimeField(source="prices_read_at", allow_null=True)
    read_error = serializers.CharField(source="prices_error", allow_blank=True)

    class Meta:
        model = Connection
        fields = ["region", "results", "read_at", "read_error"]


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d{2}$", "example": "2026-01"})
class MonthField(serializers.DateField):
    """A date as its month, such as 2026-01."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m", **options)


class TotalAnswer(serializers.Serializer[Any]):
    """Ended jobs that ran, and the sum of their known costs; null if no cost is known."""

    team = serializers.CharField(required=False)
    month = MonthField(required=False)
    model = serializers.CharField(required=False)
    connection = serializers.CharField(required=False)
    jobs = serializers.IntegerField()
    instance_seconds = serializers.IntegerField()
    amount = serializers.FloatField(allow_null=True)
    unknown = serializers.IntegerField(help_text="Jobs whose cost is not known; none of it is in the amount.")
    not_billed = serializers.IntegerField(help_text="Jobs of an engine without prices.")


class TotalsAnswer(serializers.Serializer[Any]):
    """The costs of ended jobs: in total, and by the requested keys."""

    currency = serializers.CharField()
    total = TotalAnswer()
    results = TotalAnswer(many=True)


class ForecastAnswer(serializers.Serializer[Forecast]):
    """What the month will cost: the sum of `spent`, `planned` and `unplanned`; `way` says how it was computed."""

    amount = serializers.FloatField()
    spent = serializers.FloatField()
    planned = serializers.FloatField(help_text="Runs that are planned until the month's end.")
    runs = serializers.IntegerField(help_text="The number of planned runs whose cost is known.")
    unplanned = serializers.FloatField(help_text="Other jobs until the month's end.")
    per_day = serializers.FloatField(help_text="What other jobs cost a day, of the last days.")
    way = serializers.CharField()


class BudgetAnswer(serializers.Serializer[MonthStanding]):
    """This month of UTC: the budget, what is spent, and the forecast.

    Without a budget `amount_usd`, `warn_percent`, `past_budget`, `percent` and `changed_at` are null; `forecast` is
    null where no costs tell.
    """

    month = MonthField()
    currency = serializers.SerializerMethodField()
    spent = serializers.FloatField()
    amount_usd = serializers.FloatField(source="budget.amount_usd", allow_null=True, default=None)
    warn_percent = serializers.IntegerField(source="budget.warn_percent", allow_null=True, default=None)
    past_budget = serializers.ChoiceField(
        source="budget.past_budget", choices=PastBudget.choices, allow_null=True, default=None
    )
    percent = serializers.IntegerField(allow_null=True, help_text="The spent part of the budget.")
    holds_jobs = serializers.BooleanField(help_text="Whether new jobs wait, as the budget is spent.")
    changed_at = serializers.DateTimeField(source="budget.changed_at", allow_null=True, default=None)
    forecast = ForecastAnswer(allow_null=True)

    def get_currency(self, standing: MonthStanding) -> str:
        """US dollars, as costs are."""
        return CURRENCY
