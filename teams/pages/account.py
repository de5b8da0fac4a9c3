"""The page of the person's own account: its name, address, password and sessions."""

# Django's forms are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

import time

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordForm
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from teams import account_mails, accounts, browser_sessions, confirming, links, mailing, second_factor
from teams.confirming import Question
from teams.forms.account import ProfileForm, password_form
from teams.models import Identity, User
from teams.signing_in import LINK_IS_MAILED, LINK_USED_AT
from teams.views import sign_in_ways

#: Seconds after a sign-in by a link in which a forgotten password can be replaced.
_LINK_LASTS = 3600
_OTHER_WAYS_END = (
    " Single sign-on is disconnected, and your e-mail address has to be confirmed again, as somebody else "
    "has made the link by which you came."
)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The person's account, sessions and teams; a POST saves the name and the e-mail address."""
    user = person_of(request)
    # A link that was shown to an admin replaces a forgotten password, but no address behind the person's back.
    form = ProfileForm(request, user, is_known=came_by_link(request) and came_by_mail(request))
    if request.method == "POST" and form.is_valid():
        _save_profile(request, user, form)
        return redirect("account")
    browser_sessions.note_use(request)
    rows = [(row, browser_sessions.is_current(row, request)) for row in browser_sessions.of(user)]
    context = {
        "form": form,
        "sessions": rows,
        "memberships": user.memberships.select_related("team").order_by("team__name"),
        "provider": sign_in_ways()["provider"],
        "identity": Identity.objects.filter(user=user).first(),
        "codes_are_on": second_factor.is_on(user),
        "mail_is_set_up": mailing.can_send_links(),
    }
    return render(request, "teams/account.html", context, status=400 if form.errors else 200)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """A form for a new password, which ends all other sessions."""
    user = person_of(request)
    first = not user.has_usable_password()
    form = password_form(request, user, is_known=came_by_link(request))
    if request.method == "POST" and form.is_valid():
        if _save_password(form, user, first=first):
            browser_sessions.keep_current(request, user)
            # Who made the link could sign in before, and may have left ways in of their own.
            was_shown = came_by_link(request) and not came_by_mail(request)
            ended = _OTHER_WAYS_END if was_shown and accounts.end_other_ways(user) else ""
            request.session.pop(LINK_USED_AT, None)
            verb = "set" if first else "changed"
            messages.success(
                request, f"Your password is {verb}. All your other sessions are signed out.{ended}"
            )
            return redirect("home" if first else "account")
        form.add_error("new_password1", "Nothing was saved: this session was ended just now. Sign in again.")
    context = {"form": form, "first": first, "memberships": user.memberships.exists()}
    return render(request, "teams/password.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the account's e-mail address by the link that was mailed to it, and a button."""
    if request.method == "GET":
        return render(request, "teams/confirm_address.html", {"address": person_of(request).email})
    if account_mails.confirm(person_of(request), token):
        messages.success(request, "Your e-mail address is confirmed.")
    else:
        messages.error(
            request,
            "This link does not confirm your address: it is too old, for another address or account, "
            "or another account has confirmed the address.",
        )
    return redirect("account")


@require_POST
@login_required
def mail_confirmation(request: HttpRequest) -> HttpResponse:
    """Send the mail that confirms the address once more."""
    user = person_of(request)
    if user.email and not user.email_confirmed and account_mails.ask_to_confirm(user):
        messages.success(
            request, f"A mail to {user.email} is on its way. Open its link to confirm the address."
        )
    else:
        messages.error(request, "No mail was sent: there were several within an hour, or none is needed.")
    return redirect("account")


@require_POST
@login_required
def end_session(request: HttpRequest, session_pk: int) -> HttpResponse:
    """End one of the person's other sessions."""
    user = person_of(request)
    row = browser_sessions.of(user).filter(pk=session_pk).first()
    if row is None or browser_sessions.is_current(row, request):
        raise Http404("There is no such session of yours.")
    browser_sessions.end(row, by=user)
    messages.success(request, f"{row.browser} is signed out.")
    return redirect("account")


@require_http_methods(["GET", "POST"])
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Ask, then end all of the person's other sessions."""
    user = person_of(request)
    if request.method == "GET":
        return confirming.ask(request, _end_question(request, user))
    browser_sessions.end_others(request, user)
    messages.success(request, "All your other sessions are signed out.")
    return redirect("account")


def _end_question(request: HttpRequest, user: User) -> Question:
    names = [
        row.browser for row in browser_sessions.of(user) if not browser_sessions.is_current(row, request)
    ]
    return Question(
        title="Sign out everywhere else?",
        says="You stay signed in here. Unused sign-in links become invalid. API tokens stay.",
        button="Sign out everywhere else",
        action=reverse("end-sessions"),
        back=reverse("account"),
        facts=(("Sessions that end", ", ".join(names) or "none that is known"),),
    )


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def came_by_link(request: HttpRequest) -> bool:
    """Whether the session began by a link a short time ago, which stands for the password."""
    began: int = request.session.get(LINK_USED_AT, 0)
    return time.time() - began < _LINK_LASTS


def came_by_mail(request: HttpRequest) -> bool:
    """Whether the link by which the session began went to the account's confirmed address alone."""
    return request.session.get(LINK_IS_MAILED) is True


def _save_profile(request: HttpRequest, user: User, form: ProfileForm) -> None:
    changes_address = form.changes_address
    accounts.rename(user, form.cleaned_data["name"])
    if not changes_address:
        messages.success(request, "Saved.")
        return
    accounts.change_address(user, form.cleaned_data["email"])
    if user.email and account_mails.ask_to_confirm(user):
        messages.success(
            request, f"Saved. A mail to {user.email} is on its way: open its link to confirm it."
        )
    else:
        messages.success(request, "Saved.")


def _save_password(form: SetPasswordForm, user: User, *, first: bool) -> bool:
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
