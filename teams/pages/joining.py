"""Joining a team by an invitation: the link with the password of an account, or with a new account."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams import members, signing_in
from teams.forms.joining import JoinForm, NewAccountForm
from teams.models import Invitation, Membership
from teams.signing_in import SignInEntry

#: The field of the form that makes an account.
_NEW = "new_password1"


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation; with the right password or a new account, join and sign in."""
    invitation = members.find_invitation(secret)
    if invitation is None:
        return render(request, "teams/link_invalid.html", status=410)
    data = request.POST if request.method == "POST" else None
    makes_account = invitation.user is None and data is not None and _NEW in data
    join_form = JoinForm(request, invitation.user, None if makes_account else data)
    new_form = NewAccountForm(data if makes_account else None)
    form = new_form if makes_account else join_form
    if data is not None and form.is_valid():
        try:
            member = _join(invitation, form)
        except members.Refused as error:
            form.add_error(None, str(error))
        else:
            return _sign_in(request, member)
    context: dict[str, Any] = {"invitation": invitation, "join_form": join_form, "new_form": new_form}
    return render(request, "teams/join.html", context, status=400 if form.errors else 200)


def _join(invitation: Invitation, form: JoinForm | NewAccountForm) -> Membership:
    if isinstance(form, NewAccountForm):
        return members.join_anew(invitation, form.cleaned_data["username"], form.hashed_password())
    assert form.user is not None
    return members.join(invitation, form.user)


def _sign_in(request: HttpRequest, member: Membership) -> HttpResponse:
    user = member.user
    user.refresh_from_db()
    role = member.get_role_display().lower()
    notice = f"You are in {member.team} as {role}. Other sessions of the account are signed out."
    return signing_in.sign_in(request, user, SignInEntry("password", team=member.team.slug, notice=notice))
