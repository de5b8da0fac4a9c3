"""What happens to an account as a whole: its sign-ins, its password, the end of its sessions."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from teams import activity, links
from teams.models import ApiToken, Team, User


def create(username: str) -> User:
    """A new account without a password; its person signs in by a link."""
    user = User(username=username)
    user.set_unusable_password()
    user.save()
    return user


def end_sessions(user: User) -> None:
    """End every session of the account and every sign-in link that nobody has followed."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    links.end(user)


def hand_over(user: User) -> None:
    """Take an account from whoever uses it: sessions, links and tokens end. Whoever gets the next link has it."""
    end_sessions(user)
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def note_sign_in(user: User, *, by_link: bool = False) -> None:
    """Write a sign-in down for each of the person's teams."""
    _note(user, "account.signed_in", {"by": "link" if by_link else "password"}, by=user)


def note_failure(username: str, address: str | None, *, locked: bool) -> None:
    """Write down for the person's teams that somebody gave a wrong password; nothing for a name nobody has."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        detail: dict[str, object] = {"from": address or "an unknown address"}
        if locked:
            detail["locked"] = "for 15 minutes"
        _note(user, "account.sign_in_failed", detail)


def note_password(user: User, *, first: bool, by: User) -> None:
    """Write down that somebody set the account's password, its first or another one."""
    _note(user, "account.password_set" if first else "account.password_changed", {}, by=by)


def _note(user: User, verb: str, detail: dict[str, object], by: User | None = None) -> None:
    with transaction.atomic():
        for team in Team.objects.filter(memberships__user=user).order_by("pk"):
            activity.record(team, by, verb, user, label=user.username, detail=detail)
