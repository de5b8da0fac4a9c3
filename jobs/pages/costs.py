"""The pages of prices and costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from failures.instances import INSTANCE_TYPES
from jobs.forms.budget import BudgetForm
from jobs.forms.price import PriceForm
from jobs.models import Connection, InstancePrice
from jobs.pages.connections import find_connection
from jobs.services.connections import prices as service
from jobs.services.errors import NotPossible, Unavailable
from jobs.services.listing import budgets, spending
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.csv_lines import csv_lines
from teams.models import Role, Team

#: Months that the page shows by default, and the rows of its table; the CSV has all.
_MONTHS, _MOST_ROWS = 12, 500
#: Columns of the CSV, and the figures that they hold.
_CSV_SUMS = {"cost_usd": "amount", "jobs": "jobs", "instance_seconds": "instance_seconds"}
_CSV_FIGURES = {**_CSV_SUMS, "without_known_cost": "unknown", "not_billed": "not_billed"}
_CSV_FIGURES_OF_VALUES = {**_CSV_SUMS, "without_cost": "unknown"}


@require_GET
@member_required()
def prices(request: MemberRequest, slug: str) -> HttpResponse:
    """The price table of a connection."""
    return _price_table(request, find_connection(request.team, slug), PriceForm())


@require_POST
@member_required(Role.OPERATOR)
def set_price(request: MemberRequest, slug: str) -> HttpResponse:
    """Set a price, or ask, then remove one."""
    connection = find_connection(request.team, slug)
    removed_type = request.POST.get("remove", "")
    removed_price = connection.prices.filter(instance_type=removed_type).first()
    if removed_price is not None:
        if not confirming.is_sure(request):
            return confirming.ask(request, _remove_question(connection, removed_price))
        service.change(connection, {removed_type: None}, by=request.user)
        return redirect("prices", slug=slug)
    form = PriceForm(request.POST)
    if form.is_valid() and form.save(connection, request.user):
        messages.success(request, f"{form.cleaned_data['instance_type']} has its price.")
        return redirect("prices", slug=slug)
    return _price_table(request, connection, form)


def _remove_question(connection: Connection, price: InstancePrice) -> Question:
    consequence = (
        "Further jobs on it are not billed."
        if connection.is_engine
        else "AWS's own price is read again; until then the cost of further jobs on it is unknown."
    )
    name = price.instance_type
    return Question(
        title=f"Remove the price of {name} on {connection.name}?",
        says=f"{consequence} What jobs have cost already stays.",
        button="Remove the price",
        action=reverse("set-price", args=[connection.slug]),
        back=reverse("prices", args=[connection.slug]),
        facts=(("An hour", f"${price.usd_per_hour.normalize():f}"), ("Set", price.get_source_display())),
        fields=(("remove", name), (confirming.SURE, 1)),
    )


def _price_table(request: MemberRequest, connection: Connection, form: PriceForm) -> HttpResponse:
    context = {
        "connection": connection,
        "form": form,
        "prices": connection.prices.all(),
        "instance_types": INSTANCE_TYPES,
    }
    return render(request, "jobs/prices.html", context, status=400 if form.errors else 200)


@require_POST
@member_required(Role.OPERATOR)
def read_prices(request: MemberRequest, slug: str) -> HttpResponse:
    """Read AWS's price list now."""
    connection = find_connection(request.team, slug)
    try:
        count = service.read_list(connection)
    except (NotPossible, Unavailable) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"AWS names {count} prices in {connection.region}.")
    return redirect("prices", slug=slug)


@require_GET
@member_required()
def costs(request: MemberRequest) -> HttpResponse:
    """The costs of twelve months or of one, by month, model, owner and so on, and the budget of this month."""
    return _cost_page(request)


@require_POST
@member_required(Role.ADMIN)
def set_budget(request: MemberRequest) -> HttpResponse:
    """Set the team's monthly budget, or ask, then remove it."""
    if "remove" in request.POST:
        if not confirming.is_sure(request):
            return confirming.ask(request, _remove_budget_question(request.team))
        budgets.remove_budget(request.team, by=request.user)
        messages.success(request, "The team has no budget any more.")
        return redirect("costs")
    form = BudgetForm(request.POST)
    if form.is_valid() and form.save(request.team, request.user):
        messages.success(request, "The budget is set.")
        return redirect("costs")
    return _cost_page(request, form)


def _remove_budget_question(team: Team) -> Question:
    return Question(
        title=f"Remove the monthly budget of {team}?",
        says="Nobody is warned any more, and jobs that wait for the budget go on. Costs stay as they are.",
        button="Remove the budget",
        action=reverse("set-budget"),
        back=reverse("costs"),
        fields=(("remove", 1), (confirming.SURE, 1)),
    )


@require_GET
@member_required()
def costs_csv(request: MemberRequest) -> HttpResponseBase:
    """The table of the page as CSV, with all of its rows."""
    table = _table(request)
    period = f"{table.month:%Y-%m}" if table.month else f"{_back(_MONTHS - 1):%Y-%m}-{_back(0):%Y-%m}"
    figures = _CSV_FIGURES_OF_VALUES if table.by in spending.OF_VALUES else _CSV_FIGURES
    lines = (
        (_plain_name(total.keys[table.by]), *(getattr(total, name) for name in figures.values()))
        for total in table.totals
    )
    name = f"costs-{request.team.slug}-{period}-by-{table.by}.csv"
    return StreamingHttpResponse(
        csv_lines((table.by, *figures), lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cost_page(request: MemberRequest, form: BudgetForm | None = None) -> HttpResponse:
    table = _table(request)
    now, month, by = _back(0), table.month, table.by
    standing = budgets.standing(request.team)
    is_of_values = by in spending.OF_VALUES
    whole = (
        # Jobs without a tag are in no row, and those with two in two rows.
        spending.whole([request.team], table.period)
        if is_of_values
        else spending.together(
            total for total in table.totals if total.keys.get("team", request.team.slug) == request.team.slug
        )
    )
    context: dict[str, Any] = {
        "standing": standing,
        "form": form or BudgetForm.of(standing.budget),
        "rows": [_row(total, by, table.teams) for total in table.totals[:_MOST_ROWS]],
        "left_out": len(table.totals[_MOST_ROWS:]),
        "by": by,
        "is_of_values": is_of_values,
        "ways": [(way, table.query(way)) for way in table.ways],
        "csv": table.query(by),
        "month": month,
        "whole": whole,
        "in_table": spending.together(table.totals),
        "this_month": spending.whole([request.team], spending.Period(now, now)),
        "last_month": spending.whole([request.team], spending.Period(_back(1), _back(1))),
        "now": now,
        "before": _back(1),
    }
    context["has_unknown"] = any(total.unknown for total in table.totals)
    context["has_not_billed"] = any(total.not_billed for total in table.totals)
    return render(request, "jobs/costs.html", context, status=400 if form and form.errors else 200)


@dataclass(frozen=True, slots=True)
class _Table:
    """What the address asks for: the totals, what they are grouped by, and the month, None for twelve."""

    totals: list[spending.Total]
    by: str
    ways: list[str]
    month: date | None
    period: spending.Period
    teams: list[Team]

    def query(self, by: str) -> str:
        """The query string of the same time, grouped in this way."""
        return urlencode({"by": by, **({"month": f"{self.month:%Y-%m}"} if self.month else {})})


def _table(request: MemberRequest) -> _Table:
    teams = list(Team.objects.filter(memberships__user=request.user).order_by("name"))
    ways = ["month", "model", "connection", *spending.OF_VALUES, *(["team"] if len(teams) > 1 else [])]
    month = _month(request.GET.get("month", ""))
    by = request.GET.get("by", "")
    by = by if by in ways else "model" if month else "month"
    period = spending.Period(month, month) if month else spending.Period(_back(_MONTHS - 1))
    if by in spending.OF_VALUES:
        totals = spending.totals_of_values(request.team, by, period)
    else:
        totals = spending.totals(teams if by == "team" else [request.team], [by], period)
    return _Table(totals, by, ways, month, period, teams)


def _row(total: spending.Total, by: str, teams: list[Team]) -> dict[str, Any]:
    value = total.keys[by]
    if by == "month":
        return {
            "total": total,
            "name": f"{value:%B %Y}",
            "link": f"?{urlencode({'month': f'{value:%Y-%m}'})}",
        }
    if by == "team":
        return {"total": total, "name": next(team.name for team in teams if team.slug == value)}
    if value is None:
        return {"total": total, "name": "Nobody here"}
    return {"total": total, "name": value, "jobs": urlencode({by: value, "state": "ended"})}


def _plain_name(value: Any) -> str:
    """What a row is grouped by, as a program reads it."""
    return f"{value:%Y-%m}" if isinstance(value, date) else value or ""


def _month(text: str) -> date | None:
    """The month in the URL; None if it names none."""
    try:
        return spending.parse_month(text)
    except ValueError:
        return None


def _back(months: int) -> date:
    """The first day of the month `months` ago, in UTC."""
    today = timezone.now().astimezone(UTC)
    count = today.year * 12 + today.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
