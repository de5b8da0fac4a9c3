"""Service accounts: members without a sign-in, whose tokens end with no person's membership."""

from __future__ import annotations

import re

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from teams import accounts, activity
from teams.members import Refused, check_admin
from teams.models import Membership, Role, Team, User

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def of(team: Team) -> QuerySet[Membership]:
    """The team's service accounts with the number of their tokens that are not revoked, by name."""
    rows = Membership.objects.filter(team=team, user__is_service=True).select_related("user", "team")
    good = Q(user__tokens__team=team, user__tokens__revoked_at=None)
    return rows.annotate(tokens=Count("user__tokens", filter=good)).order_by("user__username")


def find(team: Team, username: str) -> Membership | None:
    """The team's service account with this user name."""
    return of(team).filter(user__username=username).first()


def create(team: Team, name: str, role: Role, *, by: User) -> Membership:
    """Make a service account of the team, or bring one back that was removed; its old tokens stay revoked.

    Raises Refused for a name that cannot be one or is in use.
    """
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise Refused("A service account's name has up to 40 small letters, digits and hyphens.")
    username = f"{name}@{team.slug}"
    with transaction.atomic():
        check_admin(team, by)
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            user = accounts.create(username, is_service=True)
        elif not user.is_service or user.is_active:
            raise Refused(f"There is an account {username} already.")
        User.objects.filter(pk=user.pk).update(is_active=True)
        member = Membership.objects.create(team=team, user=user, role=role)
        detail: dict[str, object] = {"role": role.value}
        activity.record(team, by, "service_account.made", user, label=username, detail=detail)
    return member
