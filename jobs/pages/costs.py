"""The pages of prices and costs."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
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
from teams.models import Role, Team

#: Months that the page shows by default.
_MONTHS = 12


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
    """The costs of twelve months or of one, by month, model, connection or team, and the budget of this month."""
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


def _cost_page(request: MemberRequest, form: BudgetForm | None = None) -> HttpResponse:
    teams = list(Team.objects.filter(memberships__user=request.user).order_by("name"))
    ways = ["month", "model", "connection", *(["team"] if len(teams) > 1 else [])]
    month = _month(request.GET.get("month", ""))
    by = request.GET.get("by", "")
    by = by if by in ways else "model" if month else "month"
    period = spending.Period(month, month) if month else spending.Period(_back(_MONTHS - 1))
    rows = spending.totals(teams if by == "team" else [request.team], [by], period)
    now = _back(0)
    standing = budgets.standing(request.team)
    context: dict[str, Any] = {
        "standing": standing,
        "form": form or BudgetForm.of(standing.budget),
        "rows": [_row(row, by, teams) for row in rows],
        "by": by,
        "ways": [
            (way, urlencode({"by": way, **({"month": f"{month:%Y-%m}"} if month else {})})) for way in ways
        ],
        "month": month,
        "whole": spending.together(
            row for row in rows if row.keys.get("team", request.team.slug) == request.team.slug
        ),
        "this_month": spending.whole([request.team], spending.Period(now, now)),
        "last_month": spending.whole([request.team], spending.Period(_back(1), _back(1))),
        "now": now,
        "before": _back(1),
    }
    context["has_unknown"] = any(row["total"].unknown for row in context["rows"])
    context["has_not_billed"] = any(row["total"].not_billed for row in context["rows"])
    return render(request, "jobs/costs.html", context, status=400 if form and form.errors else 200)


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
    return {"total": total, "name": value, "jobs": urlencode({by: value, "state": "ended"})}


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
