"""Making, finding and revoking API tokens."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from teams import activity, request_source, token_lifetimes
from teams.members import Refused
from teams.models import ApiToken, Membership, Role, Team, User
from teams.names import trouble_with_name
from teams.secrets import digest, new_secret

#: Writing on every request would make reads into writes; to the minute is enough to tell an unused token.
_USE_NOTED_EVERY = timedelta(minutes=1)


class TokenRefused(Refused):
    """A field of a new token cannot be used."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Bearer:
    """A valid token and its owner's membership of the token's team."""

    token: ApiToken
    member: Membership


def create(
    *,
    team: Team,
    user: User,
    name: str = "",
    role: Role | None = None,
    expires_at: datetime | None = None,
    by: User | None = None,
    used_token: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Create a token for a member, `by` an admin if it is a service account's; returns it and its secret.

    The secret is not stored. `role` is the token's highest role. `used_token` is the
    token of the request, if it had one.

    Raises PermissionDenied if the user is not in the team any more, and LifetimeRefused if it would be good for longer
    than the team and the installation allow.
    """
    token_lifetimes.check(team, expires_at)
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
        detail: dict[str, object] = {"for": user.username} if by else {}
        label = name or token.prefix
        activity.record(
            team, by or user, "token.created", token, label=label, token=used_token, detail=detail
        )
    return token, secret


def visible(member: Membership) -> QuerySet[ApiToken]:
    """The tokens that the member may revoke: the person's own, or the team's for an admin."""
    mine = Q() if member.can_admin else Q(user=member.user)
    return ApiToken.objects.filter(mine, team=member.team).select_related("team", "user")


def make(
    member: Membership,
    owner: Membership,
    *,
    name: str,
    role: str,
    days: str,
    used_token: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Create a token as a person asks for it: `member` for themselves, or an admin for a service account as `owner`.

    Raises TokenRefused, which names the field, and what `create` raises.
    """
    name = name.strip()
    if trouble := trouble_with_name(name):
        raise TokenRefused("name", f"What the token is for: {trouble}")
    if role not in Role.values:
        raise TokenRefused("role", f"A token's role is {', '.join(Role.values)}.")
    if not owner.allows(Role(role)):
        raise TokenRefused("role", "A token cannot have a higher role than its owner has.")
    if not member.allows(Role(role)):
        raise TokenRefused("role", f"A token cannot have a higher role than who makes it: {member.role}.")
    try:
        lifetime = token_lifetimes.parse_days(member.team, days)
    except token_lifetimes.LifetimeRefused as error:
        raise TokenRefused("days", str(error)) from error
    return create(
        team=member.team,
        user=owner.user,
        name=name,
        role=Role(role),
        expires_at=timezone.now() + timedelta(days=lifetime) if lifetime else None,
        by=member.user if owner.user.is_service else None,
        used_token=used_token,
    )


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


def revoke(token: ApiToken, by: User, used_token: ApiToken | None = None) -> None:
    """Revoke a token; does nothing if it is revoked already. `used_token` is the token of the request, if any."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            label = token.name or token.prefix
            activity.record(token.team, by, "token.revoked", token, label=label, token=used_token)


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    # A use later than now was noted before the clock was set back.
    old = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_NOTED_EVERY) | Q(last_used_at__gt=now)
    if token.last_used_at is None or not now - _USE_NOTED_EVERY <= token.last_used_at <= now:
        source = request_source.find_current()
        address = source.address if source else None
        ApiToken.objects.filter(old, pk=token.pk).update(last_used_at=now, last_used_from=address)
