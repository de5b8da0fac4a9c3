"""API tokens: created, shown once, and revoked."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import F, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from teams import confirming
from teams import tokens as service
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question, whose
from teams.models import ApiToken, Role

#: For how many days a token may be good; 0 is without end.
LIFETIMES = {30: "30 days", 90: "90 days", 365: "a year", 0: "no end"}
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
    name, days = request.POST.get("name", "").strip(), request.POST.get("days", "")
    role = request.POST.get("role", "")
    form_values = {"name": name, "role": role, "days": days}
    problem = ""
    if not 0 < len(name) <= 80 or "\0" in name:
        problem = "Describe in up to 80 letters what the token is for."
    elif role not in Role.values or not request.member.allows(Role(role)):
        problem = "A token cannot have a higher role than you have."
    elif days not in {str(number) for number in LIFETIMES}:
        problem = "Choose how long it is valid."
    if problem:
        return _page(request, problem=problem, given=form_values, status=400)
    end = timezone.now() + timedelta(days=int(days)) if int(days) else None
    token, secret = service.create(
        team=request.team, user=request.user, name=name, role=Role(role), expires_at=end
    )
    return _page(request, made=token, secret=secret)


def _page(request: MemberRequest, *, status: int = 200, **context: object) -> HttpResponse:
    mine = Q() if request.member.can_admin else Q(user=request.user)
    visible_tokens = ApiToken.objects.filter(mine, team=request.team).select_related("user")
    listed_tokens = visible_tokens.order_by(F("revoked_at").desc(nulls_first=True), "-id")[:_PAGE_SIZE]
    context |= {
        "tokens": listed_tokens,
        "roles": [(role.value, role.label) for role in Role if request.member.allows(role)],
        "lifetimes": [(str(days), label) for days, label in LIFETIMES.items()],
        "now": timezone.now(),
    }
    return render(request, "teams/tokens.html", context, status=status)
