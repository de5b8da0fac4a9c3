"""What happens to an account as a whole: its sign-ins, its password, the end of its sessions."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from teams import activity, links
from teams.models import ApiToken, Team, User
from teams.models.activity import SIGN_IN_FAILED


def create(username: str) -> User:
    """Create an account without a password; the person signs in by a link."""
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
    """End all sessions, links and tokens of the account, so that only the holder of the next link can use it."""
    end_sessions(user)
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def note_sign_in(user: User, *, by_link: bool = False) -> None:
    """Record a sign-in for each of the person's teams."""
    _note(user, "account.signed_in", {"by": "link" if by_link else "password"}, by=user)


def note_failure(username: str, address: str | None, *, locked: bool) -> None:
    """Record a wrong password for each of the person's teams; does nothing for an unknown user name."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        detail: dict[str, object] = {"from": address or "an unknown address"}
        if locked:
            detail["locked"] = "for 15 minutes"
        _note(user, SIGN_IN_FAILED, detail)


def note_password(user: User, *, first: bool, by: User) -> None:
    """Record that the account's password was set or changed."""
    _note(user, "account.password_set" if first else "account.password_changed", {}, by=by)


def _note(user: User, verb: str, detail: dict[str, object], by: User | None = None) -> None:
    with transaction.atomic():
        for team in Team.objects.filter(memberships__user=user).order_by("pk"):
            activity.record(team, by, verb, user, label=user.username, detail=detail)
