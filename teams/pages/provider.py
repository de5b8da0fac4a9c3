"""Signing in by the OpenID Connect provider, and connecting an account with it."""

from __future__ import annotations

import time
from dataclasses import asdict

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from teams import oidc, signing_in
from teams.forms.codes import PersonForm
from teams.models import User
from teams.oidc import Person
from teams.pages.account import person_of
from teams.signing_in import SignInEntry

log = structlog.get_logger(__name__)
_NEXT = "provider_next"
_CONNECTING = "provider_person"
#: Seconds within which a connection is to be confirmed.
_LASTS = 600


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider."""
    _require_provider()
    path = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(path, {request.get_host()}, require_https=request.is_secure())
    try:
        response = oidc.go_to_provider(request)
    except oidc.ProviderFailed as error:
        return _failed(request, error)
    request.session[_NEXT] = path if is_ours else "/"
    return response


@sensitive_variables()
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take the provider's answer: sign in, or for who is signed in, ask whether to connect the account."""
    _require_provider()
    try:
        person = oidc.read_answer(request)
    except oidc.ProviderFailed as error:
        return _failed(request, error)
    path = request.session.pop(_NEXT, "/")
    if isinstance(request.user, User):
        request.session[_CONNECTING] = {"person": asdict(person), "at": time.time()}
        return redirect("connect-identity")
    try:
        user = oidc.find_or_make_user(person)
    except oidc.NoTeam:
        messages.error(
            request,
            f"{person.label} is in no group of {settings.OIDC_NAME} that has a team here. If you have an account, "
            "sign in with it and connect it under Account.",
        )
        return redirect("sign-in")
    return signing_in.sign_in(request, user, SignInEntry(settings.OIDC_NAME, path))


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then connect the account with the person whom the provider named."""
    pending = request.session.get(_CONNECTING)
    if not pending or not 0 <= time.time() - pending["at"] < _LASTS:
        return redirect("account")
    user = person_of(request)
    person = Person(**{**pending["person"], "groups": tuple(pending["person"]["groups"])})
    form = PersonForm(request, user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        del request.session[_CONNECTING]
        if oidc.connect(user, person):
            messages.success(request, f"You can sign in by {settings.OIDC_NAME} as {person.label} now.")
        else:
            messages.error(request, f"Another account is connected with {person.label} already.")
        return redirect("account")
    context = {
        "form": form,
        "title": f"Sign in by {settings.OIDC_NAME}?",
        "says": f"Whoever signs in there as {person.label} then signs in here as {user.get_username()}.",
        "button": "Connect",
        "back": "account",
    }
    return render(request, "teams/codes_person.html", context, status=400 if form.errors else 200)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def disconnect(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then let nobody sign in by the provider any more."""
    user = person_of(request)
    if not user.has_usable_password():
        messages.error(request, "Set a password first: without one you could not sign in any more.")
        return redirect("account")
    form = PersonForm(request, user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        oidc.disconnect(user)
        messages.success(request, f"You no longer sign in by {settings.OIDC_NAME}.")
        return redirect("account")
    context = {
        "form": form,
        "title": f"No longer sign in by {settings.OIDC_NAME}?",
        "says": "Teams that its groups gave you stay until you sign in by it again.",
        "button": "Disconnect",
        "back": "account",
    }
    return render(request, "teams/codes_person.html", context, status=400 if form.errors else 200)


def _require_provider() -> None:
    if not oidc.is_set_up():
        raise Http404("There is no provider for sign-in.")


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.warning("provider_failed", error=str(error))
    messages.error(request, f"{settings.OIDC_NAME} did not sign you in. Try again.")
    return redirect("sign-in")
