"""Beginning a session: at once, or after a code for accounts with an authenticator app."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from teams import accounts, second_factor
from teams.access import choose_team
from teams.models import User

#: The user is known already, so no backend is asked; the session needs one to load the user with.
_BACKEND = "django.contrib.auth.backends.ModelBackend"
#: When the session began by a link, in epoch seconds.
LINK_USED_AT = "link_used_at"
#: Whether that link was mailed; others have passed through an admin's hands.
LINK_IS_MAILED = "link_is_mailed"
_PENDING = "sign_in_pending"
#: Seconds within which the code is to follow.
_LASTS = 600


@dataclass(frozen=True, slots=True)
class SignInEntry:
    """How somebody came in, and where they go: `by` is "password", "link" or the name of a provider.

    `path` is one of our own. `team` is the slug of the team to open, `notice` a sentence for the next page.
    `is_mailed` is true for a link that went to the confirmed address alone.
    """

    by: str
    path: str = "/"
    team: str = ""
    notice: str = ""
    is_mailed: bool = False


def sign_in(request: HttpRequest, user: User, entry: SignInEntry) -> HttpResponse:
    """Begin the session of a user who proved who they are, or ask for the code first."""
    if user.is_service:
        raise PermissionDenied("A service account never signs in.")
    if not second_factor.is_on(user):
        return _begin(request, user, entry)
    # Nothing of an earlier session, nor its key, which somebody else may know.
    request.session.flush()
    request.session[_PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "at": time.time(),
        "entry": asdict(entry),
    }
    return redirect("sign-in-code")


def pending_user(request: HttpRequest) -> User | None:
    """Who has to give a code now; None if nobody, or if it took too long or the account has changed."""
    pending = request.session.get(_PENDING)
    if not pending or not 0 <= time.time() - pending["at"] < _LASTS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), pending["hash"]):
        return None
    return user


def finish(request: HttpRequest, user: User) -> HttpResponse:
    """Begin the session after the code."""
    return _begin(request, user, SignInEntry(**request.session.pop(_PENDING)["entry"]))


def _begin(request: HttpRequest, user: User, entry: SignInEntry) -> HttpResponse:
    login(request, user, backend=_BACKEND)
    if entry.by == "link":
        request.session[LINK_USED_AT] = int(time.time())
        request.session[LINK_IS_MAILED] = entry.is_mailed
    accounts.note_sign_in(user, by=entry.by)
    if entry.team:
        choose_team(request, entry.team)
    if entry.notice:
        messages.success(request, entry.notice)
    return redirect(entry.path)
