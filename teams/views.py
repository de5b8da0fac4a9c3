"""Signing in and out, and choosing a team."""

from __future__ import annotations

import time

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import accounts, links
from teams.access import MemberRequest, choose_team, member_required
from teams.models import User

#: Links sign in without a password, so no backend is asked; the session needs one to load the user with.
_BACKEND = "django.contrib.auth.backends.ModelBackend"
#: When the session began by a link, in epoch seconds.
LINK_USED_AT = "link_used_at"


class SignIn(views.LoginView):
    """Name and password; axes counts the failures."""

    template_name = "teams/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Begin the session and record the sign-in."""
        answer = super().form_valid(form)
        if isinstance(self.request.user, User):
            accounts.note_sign_in(self.request.user)
        return answer


class SignOut(views.LogoutView):
    """Ends the session. POST only, so that no link on another site can do it."""

    next_page = "sign-in"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign in by a one-time link. The page has a button, as mail scanners and chat previews open links too."""
    if request.method != "POST":
        user = links.whose(secret)
        return render(request, "teams/link.html", {"person": user}) if user else _invalid_link(request)
    user = links.redeem(secret)
    if user is None:
        return _invalid_link(request)
    login(request, user, backend=_BACKEND)
    request.session[LINK_USED_AT] = int(time.time())
    accounts.note_sign_in(user, by_link=True)
    if not user.has_usable_password():
        words = 'You have no password yet. <a href="{}">Set one</a> to sign in without a link.'
        messages.info(request, format_html(words, reverse("account")))
    return redirect("/")


def _invalid_link(request: HttpRequest) -> HttpResponse:
    return render(request, "teams/link_invalid.html", status=410)


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: object = None, *_: object
) -> HttpResponse:
    """Axes' answer to too many failures: the sign-in page, saying so."""
    form = AuthenticationForm(request)
    context = {"form": form, "locked_out": True, "minutes": 15}
    return render(request, "teams/sign_in.html", context, status=429)


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Send the admin's sign-in to ours, which is limited and recorded."""
    if request.user.is_authenticated:
        raise PermissionDenied("Only the staff of this installation may use Django's admin.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


@require_POST
@member_required()
def switch_team(request: MemberRequest) -> HttpResponse:
    """Make another of the person's teams the current one."""
    slug = request.POST.get("team", "")
    # PostgreSQL cannot look for a text with a NUL character.
    if "\0" in slug or not choose_team(request, slug):
        raise Http404
    return redirect("/")
