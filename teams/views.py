"""Signing in and out, and choosing a team."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import links, mailing, signing_in
from teams.access import MemberRequest, ask_for_codes, choose_team, closed_team, member_required
from teams.models import User
from teams.signing_in import SignInEntry


def sign_in_ways() -> dict[str, object]:
    """What the sign-in page offers beside a password: mailed links, and the provider by its name."""
    provider = settings.OIDC_NAME if settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID else ""
    return {"can_mail": mailing.can_send_links(), "provider": provider}


class SignIn(views.LoginView):
    """Name and password; axes counts the failures."""

    template_name = "teams/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page says about forgotten passwords depends on mail."""
        return super().get_context_data(**kwargs) | sign_in_ways()

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Begin the session, or ask for the code; `next` is followed on this host only."""
        user = form.get_user()
        assert isinstance(user, User)
        return signing_in.sign_in(self.request, user, SignInEntry("password", self.get_success_url()))


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
    link = links.redeem(secret)
    if link is None:
        return _invalid_link(request)
    user = link.user
    path = "password" if link.new_password or not user.has_usable_password() else "home"
    return signing_in.sign_in(request, user, SignInEntry("link", reverse(path), is_mailed=link.is_mailed))


def _invalid_link(request: HttpRequest) -> HttpResponse:
    return render(request, "teams/link_invalid.html", status=410)


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: object = None, *_: object
) -> HttpResponse:
    """Axes' answer to too many failures: the sign-in page, saying so."""
    form = AuthenticationForm(request)
    context = {"form": form, "locked_out": True, "minutes": 15, **sign_in_ways()}
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
    if "\0" in slug:
        raise Http404
    if slug and closed_team(request.user, slug):
        return ask_for_codes(request)
    if not choose_team(request, slug):
        raise Http404
    return redirect("/")
