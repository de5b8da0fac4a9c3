"""The page of the person's own account: its password."""

# Django's forms are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams import accounts, links
from teams.models import User
from teams.views import LINK_USED_AT

#: Seconds after a sign-in by a link in which a forgotten password can be replaced.
_LINK_LASTS = 3600


class OldPasswordForm(PasswordChangeForm):
    """Django's form, which checks the old password as sign-in does, so that guesses are counted and limited."""

    def __init__(self, request: HttpRequest, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        self._request = request

    def clean_old_password(self) -> str:
        """The old password, if it is right."""
        password: str = self.cleaned_data["old_password"]
        user = authenticate(self._request, username=self.user.get_username(), password=password)
        if not isinstance(user, User):
            raise ValidationError("This is not your password.", code="password_incorrect")
        # Django may have stored the same password by a newer hash just now.
        self.user.password = user.password
        return password


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The person's account and teams, with a form for a new password, which ends all other sessions."""
    user = request.user
    assert isinstance(user, User)
    form = _form(request, user)
    if request.method == "POST" and form.is_valid():
        first = not user.has_usable_password()
        if _save(form, user, first=first):
            update_session_auth_hash(request, user)
            request.session.pop(LINK_USED_AT, None)
            verb = "set" if first else "changed"
            messages.success(request, f"Your password is {verb}. All your other sessions are signed out.")
            return redirect("account")
        form.add_error("new_password1", "Nothing was saved: this session was ended just now. Sign in again.")
    memberships = user.memberships.select_related("team").order_by("team__name")
    context = {"form": form, "memberships": memberships}
    return render(request, "teams/account.html", context, status=400 if form.errors else 200)


def _save(form: SetPasswordForm, user: User, *, first: bool) -> bool:
    """Save the new password; False if the account's sessions ended or its password changed since `user` was loaded."""
    loaded = (user.sessions_ended, user.password)
    # The hash takes long, so it is made before the row is locked.
    form.save(commit=False)
    with transaction.atomic():
        now = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if (now.sessions_ended, now.password) != loaded:
            user.password = now.password
            return False
        user.save(update_fields=["password"])
        links.end(user)
        accounts.note_password(user, first=first, by=user)
    return True


def _form(request: HttpRequest, user: User) -> SetPasswordForm:
    data = request.POST if request.method == "POST" else None
    by_link = time.time() - request.session.get(LINK_USED_AT, 0) < _LINK_LASTS
    if by_link or not user.has_usable_password():
        return SetPasswordForm(user, data)
    return OldPasswordForm(request, user, data)
