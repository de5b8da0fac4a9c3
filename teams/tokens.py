"""Making, finding and revoking API tokens."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from teams import activity
from teams.models import ApiToken, Membership, Role, Team, User
from teams.secrets import digest, new_secret

#: Writing on every request would make reads into writes; to the minute is enough to tell an unused token.
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A valid token and its owner's membership of the token's team."""

    token: ApiToken
    member: Membership


def create(
    *, team: Team, user: User, name: str = "", role: Role | None = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Create a token for a member; returns it and its secret, which is not stored. `role` is the token's highest role.

    Raises PermissionDenied if the user is not in the team any more.
    """
    secret = new_secret("bd_")
    with transaction.atomic():
        # Who is removed at the same time either keeps no token or ends this one with the others.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if not Membership.objects.filter(team=team, user=user).exists():
            raise PermissionDenied(f"You are not in {team} any more.")
        token = ApiToken.objects.create(
            team=team,
            user=user,
            name=name,
            role=role or "",
            prefix=secret[:8],
            digest=digest(secret),
            expires_at=expires_at,
        )
        activity.record(team, user, "token.created", token, label=name or token.prefix)
    return token, secret


def find(secret: str) -> Bearer | None:
    """The bearer of this secret; None if it is unknown, revoked, expired or its owner left the team."""
    token = ApiToken.objects.select_related("team", "user").filter(digest=digest(secret)).first()
    if token is None or not token.usable or not token.user.is_active:
        return None
    member = (
        Membership.objects.select_related("team", "user").filter(team=token.team, user=token.user).first()
    )
    if member is None:
        return None
    if token.role and not Role(token.role).allows(Role(member.role)):
        # Of this request only: the row keeps the owner's role.
        member.role = token.role
    # A request that only reads is not to fail because nothing can be saved now.
    with contextlib.suppress(OperationalError):
        _note_use(token)
    return Bearer(token=token, member=member)


def revoke(token: ApiToken, by: User) -> None:
    """Revoke a token; does nothing if it is revoked already."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            activity.record(token.team, by, "token.revoked", token, label=token.name or token.prefix)


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    # A use later than now was noted before the clock was set back.
    old = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EVERY) | Q(last_used_at__gt=now)
    if token.last_used_at is None or not now - _USE_NOTED_EVERY <= token.last_used_at <= now:
        ApiToken.objects.filter(old, pk=token.pk).update(last_used_at=now)
