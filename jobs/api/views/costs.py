"""Prices of a connection's instances, and what jobs have cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api import request_serializers, serializers
from jobs.api.parameters import Query, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.costs import CURRENCY
from jobs.models import Connection
from jobs.services.connections import prices
from jobs.services.errors import InvalidFields
from jobs.services.listing import budgets, spending
from teams.models import Role


class _OfConnection(TeamView):
    def connection(self, slug: str) -> Connection:
        """The team's connection with this slug and its prices; raises Http404 if it has none."""
        connection: Connection = get_object_or_404(
            queries.connections(self.member.team).prefetch_related("prices"), slug=slug
        )
        return connection


class Prices(_OfConnection):
    """A connection's prices of instances, in US dollars an hour."""

    @extend_schema(operation_id="prices_list", responses=serializers.PricesAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """All known prices, by instance type."""
        return Response(serializers.PricesAnswer(self.connection(slug)).data)

    @extend_schema(
        operation_id="prices_change",
        request={
            "application/json": {
                "type": "object",
                "additionalProperties": {"type": ["number", "null"]},
            }
        },
        responses=serializers.PricesAnswer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Set prices by hand, in US dollars an hour by instance type; null removes a price."""
        changes = request_serializers.fields_of(request.data)
        prices.change(self.connection(slug), changes, by=self.member.user, token=self.token)
        return self.get(request, slug)


class ReadPrices(_OfConnection):
    """A reading of AWS's price list."""

    @extend_schema(operation_id="prices_read", request=None, responses=serializers.PricesAnswer)
    def post(self, request: Request, slug: str) -> Response:
        """Read the list now instead of once a day; prices set by hand stay."""
        prices.read_list(self.connection(slug))
        return Response(serializers.PricesAnswer(self.connection(slug)).data)


@extend_schema_field({"type": "string", "pattern": "^2[0-9]{3}-(0[1-9]|1[0-2])$"})
class Month(TextParameter):
    """A month such as 2026-01; `Period` parses it."""


_KEY = f"({'|'.join(spending.KEYS)})"


@extend_schema_field({"type": "string", "pattern": f"^{_KEY}(,{_KEY})*$", "default": "month,model"})
class Keys(TextParameter):
    """The keys of totals, separated by commas; `totals` checks them."""


class CostsQuery(Query):
    """Which costs, and the keys of their totals."""

    by = Keys(
        default="month,model", help_text=f"Some of {', '.join(spending.KEYS)}; empty for the total alone."
    )
    vars()["from"] = Month(7, default="", help_text="First month, such as 2026-01.")
    to = Month(7, default="", help_text="Last month.")
    connection = TextParameter(80, default="", help_text="Only this connection.")


class Costs(TeamView):
    """The costs of the team's jobs."""

    @takes(CostsQuery)
    @extend_schema(operation_id="costs", responses=serializers.TotalsAnswer)
    def get(self, request: Request) -> Response:
        """Totals of jobs that have ended, by the month of their end in UTC."""
        words = self.words
        period = spending.Period.parse(words["from"], words["to"])
        by = [word.strip() for word in words["by"].split(",") if word.strip()]
        teams, connection = [self.member.team], words["connection"]
        try:
            rows = spending.totals(teams, by, period, connection)
        except ValueError as error:
            raise InvalidFields(
                {"by": [f"It must be some of {', '.join(spending.KEYS)}: {error}."]}
            ) from error
        answer = {
            "currency": CURRENCY,
            "total": _plain(spending.whole(teams, period, connection)),
            "results": [_plain(row) for row in rows],
        }
        return Response(serializers.TotalsAnswer(answer).data)


class TeamBudget(TeamView):
    """The team's monthly budget."""

    role = Role.ADMIN

    @extend_schema(operation_id="budget_get", responses=serializers.BudgetAnswer)
    def get(self, request: Request) -> Response:
        """This month: what is spent, the budget, and the forecast."""
        return Response(serializers.BudgetAnswer(budgets.standing(self.member.team)).data)

    @extend_schema(
        operation_id="budget_set",
        request=request_serializers.BudgetBody,
        responses=serializers.BudgetAnswer,
    )
    def put(self, request: Request) -> Response:
        """Set the budget, in US dollars a month of UTC."""
        fields = request_serializers.read_texts(request_serializers.BudgetBody, request.data)
        budgets.set_budget(self.member.team, fields, by=self.member.user, token=self.token)
        return self.get(request)

    @extend_schema(operation_id="budget_remove", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove the budget; jobs that wait for it go on."""
        budgets.remove_budget(self.member.team, by=self.member.user, token=self.token)
        return Response(status=204)


def _plain(total: spending.Total) -> dict[str, Any]:
    figures = asdict(total)
    return {**figures.pop("keys"), **figures}
