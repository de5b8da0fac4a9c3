"""API tokens: created, shown once, and revoked."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import confirming, service_accounts, token_lifetimes
from teams import tokens as service
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question, whose
from teams.members import Refused
from teams.models import ApiToken, Membership, Role
from teams.tokens import TokenRefused

_PAGE_SIZE = 200


@never_cache
@require_http_methods(["GET", "POST"])
@member_required()
def tokens(request: MemberRequest) -> HttpResponse:
    """List the person's tokens, or the team's for an admin; a POST creates a token and shows its secret."""
    return _create(request) if request.method == "POST" else _page(request)


@require_http_methods(["GET", "POST"])
@member_required()
def revoke(request: MemberRequest, token_pk: int) -> HttpResponse:
    """Ask, then revoke a token: the person's own, or for an admin any of the team's."""
    token = ApiToken.objects.select_related("team", "user").filter(team=request.team, pk=token_pk).first()
    if token is None:
        raise Http404("There is no such token in this team.")
    if token.user_id != request.user.pk:
        require(request.member, Role.ADMIN)
    if request.method == "GET":
        return confirming.ask(request, _revoke_question(request, token))
    service.revoke(token, by=request.user)
    messages.success(request, f"The token {token.name or token.prefix} is revoked.")
    return redirect("tokens")


def _revoke_question(request: MemberRequest, token: ApiToken) -> Question:
    used = f"{token.last_used_at:%d %b %Y, %H:%M} UTC" if token.last_used_at else "never"
    return Question(
        title=f"Revoke the token {token.name or token.prefix}, made by {whose(token.user, request.user)}?",
        says="Scripts that use it are refused from now on. It cannot be brought back.",
        button="Revoke the token",
        action=reverse("token-revoke", args=[token.pk]),
        back=reverse("tokens"),
        facts=(("Last used", used),),
    )


def _create(request: MemberRequest) -> HttpResponse:
    form_values = {name: request.POST.get(name, "") for name in ("name", "role", "days", "owner")}
    try:
        token, secret = service.make(
            request.member,
            _owner(request),
            name=form_values["name"],
            role=form_values["role"],
            days=form_values["days"],
        )
    except TokenRefused as error:
        problem = "days_problem" if error.field == "days" else "problem"
        return _page(request, given=form_values, status=400, **{problem: str(error)})
    return _page(request, made=token, secret=secret)


def _owner(request: MemberRequest) -> Membership:
    """Whose the new token is: the person's own, or for an admin a service account's."""
    username = request.POST.get("owner", "")
    if not username or "\0" in username:
        return request.member
    require(request.member, Role.ADMIN)
    member = service_accounts.find(request.team, username)
    if member is None:
        raise Http404("There is no such service account in this team.")
    return member


@require_POST
@member_required(Role.ADMIN)
def new_service_account(request: MemberRequest) -> HttpResponse:
    """Make a service account."""
    name, role = request.POST.get("service_name", ""), request.POST.get("service_role", "")
    if role not in Role.values:
        raise BadRequest("A role is viewer, operator or admin.")
    try:
        member = service_accounts.create(request.team, name, Role(role), by=request.user)
    except Refused as error:
        return _page(request, service_problem=str(error), service_name=name, service_role=role, status=400)
    messages.success(request, f"{member.user.username} is made. Now make a token for it.")
    return redirect("tokens")


@require_POST
@member_required(Role.ADMIN)
def token_limit(request: MemberRequest) -> HttpResponse:
    """Set for how many days a token of the team may be good."""
    days = request.POST.get("token_max_days", "")
    try:
        token_lifetimes.set_longest(request.team, days, by=request.user)
    except Refused as error:
        return _page(request, limit_problem=str(error), limit=days, status=400)
    messages.success(request, "The limit for new tokens is changed. Tokens that there are stay as they are.")
    return redirect("tokens")


def _page(request: MemberRequest, *, status: int = 200, **context: object) -> HttpResponse:
    newest_first = F("revoked_at").desc(nulls_first=True), "-id"
    listed_tokens = service.visible(request.member).order_by(*newest_first)[:_PAGE_SIZE]
    context |= {
        "tokens": [(token, token_lifetimes.is_ending(token)) for token in listed_tokens],
        "roles": [(role.value, role.label) for role in Role if request.member.allows(role)],
        "lifetimes": token_lifetimes.choices(request.team),
        "default_days": str(token_lifetimes.default_days(request.team)),
        "longest_days": token_lifetimes.longest_days(request.team),
        "most_days": settings.TOKEN_MAX_DAYS or token_lifetimes.MOST_DAYS,
        "now": timezone.now(),
    }
    if request.member.can_admin:
        context["service_accounts"] = service_accounts.of(request.team)
    return render(request, "teams/tokens.html", context, status=status)
