"""The sessions of an account as its person sees them: which browser, from where, last used when."""

from __future__ import annotations

import contextlib

from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from teams import accounts
from teams.addresses import client_address
from teams.models import BrowserSession, User
from teams.sessions import digest

#: Seconds. Noting every request would make reads into writes.
_NOTED_EVERY = 60


def note_use(request: HttpRequest) -> None:
    """Note that the request's session was used, at most once a minute; does nothing if nobody is signed in."""
    user, key = request.user, request.session.session_key
    if not isinstance(user, User) or not key:
        return
    session_key = digest(key)
    if not cache.add(f"session-use:{session_key}", True, _NOTED_EVERY):
        return
    values = {
        "user": user,
        "user_agent": request.headers.get("User-Agent", "")[:300],
        "address": client_address(request),
        "last_used_at": timezone.now(),
    }
    # A request that only reads is not to fail because nothing can be saved now.
    with contextlib.suppress(OperationalError):
        BrowserSession.objects.update_or_create(session_key=session_key, defaults=values)


def of(user: User) -> QuerySet[BrowserSession]:
    """The user's sessions that have not ended, the last used first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    rows = BrowserSession.objects.filter(user=user, session_key__in=alive)
    return rows.order_by("-last_used_at", "-pk")


def is_current(row: BrowserSession, request: HttpRequest) -> bool:
    """Whether the row is the session of this request."""
    return row.session_key == digest(request.session.session_key or "")


def end(row: BrowserSession, *, by: User) -> None:
    """End one session."""
    with transaction.atomic():
        Session.objects.filter(session_key=row.session_key).delete()
        if BrowserSession.objects.filter(pk=row.pk).delete()[0]:
            accounts.note(by, "account.session_ended", {"browser": row.browser}, by=by)


def end_others(request: HttpRequest, user: User) -> None:
    """End all sessions but the request's, also those that were never noted, and the unused sign-in links."""
    with transaction.atomic():
        accounts.end_sessions(user)
        accounts.note(user, "account.sessions_ended", by=user)
    keep_current(request, user)


def keep_current(request: HttpRequest, user: User) -> None:
    """Let the request's session go on with a new key after the account's sessions ended; the other rows go."""
    before = digest(request.session.session_key or "")
    update_session_auth_hash(request, user)
    after = digest(request.session.session_key or "")
    with transaction.atomic():
        mine = BrowserSession.objects.filter(user=user)
        mine.filter(session_key=before).update(session_key=after)
        other_rows = mine.exclude(session_key=after)
        Session.objects.filter(session_key__in=other_rows.values("session_key")).delete()
        other_rows.delete()


def forget() -> None:
    """Delete the rows of sessions that have ended."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    BrowserSession.objects.exclude(session_key__in=alive).delete()
