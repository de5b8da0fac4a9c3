"""What happens to an account as a whole: its sign-ins, its password, the end of its sessions."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from teams import activity, links
from teams.models import ApiToken, Identity, RecoveryCode, SecondFactor, Team, User
from teams.models.activity import SIGN_IN_FAILED


def create(username: str, *, is_service: bool = False) -> User:
    """Create an account without a password: the person signs in by a link, a service account never."""
    user = User(username=username, is_service=is_service)
    user.set_unusable_password()
    user.save()
    return user


def end_sessions(user: User) -> None:
    """End every session of the account and every sign-in link that nobody has followed."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)
    user.refresh_from_db(fields=["sessions_ended"])
    links.end(user)


def hand_over(user: User) -> None:
    """End every way into the account, so that only the holder of the next link can use it."""
    end_sessions(user)
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    end_other_ways(user)
    # The address, the app and its codes may be those of somebody who had a link before.
    User.objects.filter(pk=user.pk).update(email="")
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


def note_sign_in(user: User, *, by: str) -> None:
    """Record a sign-in for each of the person's teams, `by` "password", "link" or the name of a provider."""
    note(user, "account.signed_in", {"by": by}, by=user)


def note_failure(username: str, address: str | None, *, locked: bool) -> None:
    """Record a wrong password for each of the person's teams; does nothing for an unknown user name."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        detail: dict[str, object] = {"from": address or "an unknown address"}
        if locked:
            detail["locked"] = "for 15 minutes"
        note(user, SIGN_IN_FAILED, detail)


def note_password(user: User, *, first: bool, by: User) -> None:
    """Record that the account's password was set or changed."""
    note(user, "account.password_set" if first else "account.password_changed", {}, by=by)


def rename(user: User, name: str) -> None:
    """Change the name that pages show; an empty one shows the user name."""
    if user.get_full_name() == name:
        return
    with transaction.atomic():
        user.first_name, user.last_name = name, ""
        user.save(update_fields=["first_name", "last_name"])
        note(user, "account.renamed", by=user)


def change_address(user: User, address: str) -> None:
    """Change the e-mail address, which is not confirmed then. The links that were mailed to the old one end."""
    with transaction.atomic():
        user.email, user.email_confirmed = address, False
        user.save(update_fields=["email", "email_confirmed"])
        links.end(user)
        note(user, "account.email_changed", by=user)


def end_other_ways(user: User) -> bool:
    """End the ways in beside the password: the provider's, and mailed links until the address is confirmed again.

    Returns whether there was one.
    """
    with transaction.atomic():
        had_identity = bool(Identity.objects.filter(user=user).delete()[0])
        if had_identity:
            note(user, "account.identity_removed", by=user)
        had_address = User.objects.filter(pk=user.pk, email_confirmed=True).update(email_confirmed=False) == 1
    user.email_confirmed = False
    return had_identity or had_address


def note(user: User, verb: str, detail: dict[str, object] | None = None, *, by: User | None = None) -> None:
    """Record an act on the account for each of the person's teams."""
    with transaction.atomic():
        for team in Team.objects.filter(memberships__user=user).order_by("pk"):
            activity.record(team, by, verb, user, label=user.username, detail=detail or {})
