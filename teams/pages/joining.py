"""Joining another team by an invitation: the link and the account's password together."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams import accounts, members
from teams.access import choose_team
from teams.models import Invitation, User


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation; with the right password, join and sign in again."""
    invitation = members.find_invitation(secret)
    if invitation is None:
        return render(request, "teams/link_invalid.html", status=410)
    if request.method != "POST":
        return _page(request, invitation)
    password = request.POST.get("password", "")
    user = authenticate(request, username=invitation.user.get_username(), password=password)
    if not isinstance(user, User):
        return _page(request, invitation, error="This is not the account's password.")
    try:
        member = members.join(invitation)
    except members.Refused:
        return render(request, "teams/link_invalid.html", status=410)
    user.refresh_from_db()
    login(request, user)
    accounts.note_sign_in(user)
    choose_team(request, member.team.slug)
    role = member.get_role_display().lower()
    messages.success(request, f"You are in {member.team} as {role}. Your other sessions are signed out.")
    return redirect("/")


def _page(request: HttpRequest, invitation: Invitation, error: str = "") -> HttpResponse:
    context = {"invitation": invitation, "error": error}
    return render(request, "teams/join.html", context, status=400 if error else 200)
