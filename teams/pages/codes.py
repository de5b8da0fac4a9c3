"""Codes of an authenticator app: asked at sign-in, set up and ended on the account's pages."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from teams import second_factor, signing_in
from teams.forms.codes import WRONG, CodeForm, PersonForm, SetUpForm
from teams.models import RecoveryCode, SecondFactor, User
from teams.pages.account import person_of

#: The key that is being set up, encrypted, until the app has shown its first code.
_KEY = "codes_key"


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code of somebody who has given the password or followed a link."""
    user = signing_in.pending_user(request)
    if user is None:
        messages.info(request, "Sign in again: it took too long, or the account has changed.")
        return redirect("sign-in")
    form = CodeForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return signing_in.finish(request, user)
    status = 429 if form.has_error("code", "too_many") else 400 if form.errors else 200
    return render(request, "teams/sign_in_code.html", {"form": form}, status=status)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def codes(request: HttpRequest) -> HttpResponse:
    """Whether the account signs in with codes; a POST sets up an app and shows the recovery codes once."""
    user = person_of(request)
    factor = SecondFactor.objects.filter(user=user).first()
    if factor is not None:
        codes_left = RecoveryCode.objects.filter(user=user).count()
        return render(request, "teams/codes.html", {"factor": factor, "left": codes_left})
    key = second_factor.decrypt(request.session.get(_KEY, ""))
    if not key:
        key = second_factor.new_key()
        request.session[_KEY] = second_factor.encrypt(key)
    form = SetUpForm(request, user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            recovery_codes = second_factor.set_up(user, key, form.cleaned_data["first_code"])
        except second_factor.WrongCode:
            form.add_error("first_code", WRONG)
        else:
            del request.session[_KEY]
            return _recovery_page(request, recovery_codes)
    context = {"form": form, "key": key, "picture": _picture(second_factor.uri(user, key))}
    return render(request, "teams/codes_set_up.html", context, status=400 if form.errors else 200)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def turn_off(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then ask for no codes any more."""
    user = person_of(request)
    form = _person_form(request, user)
    if request.method == "POST" and form.is_valid():
        second_factor.remove(user, by=user)
        messages.success(request, "You sign in without a code now.")
        return redirect("account")
    return _person_page(request, form, title="Turn codes off?", button="Turn codes off")


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def recovery(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then make other recovery codes and show them once."""
    user = person_of(request)
    if not second_factor.is_on(user):
        return redirect("codes")
    form = _person_form(request, user)
    if request.method == "POST" and form.is_valid():
        return _recovery_page(request, second_factor.new_recovery_codes(user, by=user))
    return _person_page(request, form, title="Make other recovery codes?", button="Make other codes")


def _person_form(request: HttpRequest, user: User) -> PersonForm:
    return PersonForm(request, user, request.POST if request.method == "POST" else None)


def _person_page(request: HttpRequest, form: PersonForm, *, title: str, button: str) -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "back": "codes"}
    context["says"] = "The recovery codes that you have become invalid."
    return render(request, "teams/codes_person.html", context, status=400 if form.errors else 200)


def _recovery_page(request: HttpRequest, recovery_codes: list[str]) -> HttpResponse:
    return render(request, "teams/recovery_codes.html", {"codes": "\n".join(recovery_codes)})


def _picture(text: str) -> SafeString:
    """The text as a QR code in SVG, which needs no style and no script."""
    picture: str = segno.make(text, micro=False).svg_inline(
        scale=4, light="#fff", title="QR code for the app"
    )
    return mark_safe(picture)  # noqa: S308  # made of modules alone; the text is not in it
