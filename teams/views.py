"""Signing in and out, and choosing a team."""

from __future__ import annotations

from django.contrib.auth import login, views
from django.contrib.auth.forms import AuthenticationForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import links
from teams.access import MemberRequest, choose_team, member_required

#: Links sign in without a password, so no backend is asked; the session needs one to load the user with.
_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(views.LoginView):
    """Name and password; axes counts the failures."""

    template_name = "teams/sign_in.html"
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """Ends the session; POST only, as a link elsewhere could otherwise do it."""

    next_page = "sign-in"


@never_cache
@require_http_methods(["GET", "HEAD"])
def follow_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Sign in by a one-time link. HEAD leaves it unused: some programs look before a person does."""
    if request.method == "HEAD":
        return HttpResponse()
    user = links.redeem(secret)
    if user is None:
        return render(request, "teams/link_invalid.html", status=410)
    login(request, user, backend=_BACKEND)
    return redirect("/")


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: object = None, *_: object
) -> HttpResponse:
    """Axes' answer to too many failures: the sign-in page, saying so."""
    form = AuthenticationForm(request)
    context = {"form": form, "locked_out": True, "minutes": 15}
    return render(request, "teams/sign_in.html", context, status=429)


@require_POST
@member_required()
def switch_team(request: MemberRequest) -> HttpResponse:
    """Make another of one's teams the current one."""
    slug = request.POST.get("team", "")
    # PostgreSQL cannot look for a text with a NUL character.
    if "\0" in slug or not choose_team(request, slug):
        raise Http404
    return redirect("/")
