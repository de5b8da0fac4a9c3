"""Who is in a team and as what. Everything raises Refused, with a sentence, for what may not be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from teams import activity, links
from teams.models import ApiToken, Membership, Role, Team, User

#: So long an invitation's link may be followed, once.
INVITED_FOR = timedelta(days=3)


class Refused(Exception):
    """What was asked may not be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A new member, and the path of the link that signs them in; empty for somebody who has an account already."""

    member: Membership
    link: str


def of(team: Team) -> QuerySet[Membership]:
    """Everybody in the team with their user, by user name."""
    return Membership.objects.filter(team=team).select_related("user").order_by("user__username")


def invite(team: Team, username: str, role: Role, *, by: User) -> Invited:
    """Add a person to the team; one nobody knows yet gets an account without a password and a sign-in link."""
    username = username.strip()
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise Refused("A user name has letters, digits and @ . + - _ only.") from error
    if len(username) > 150:
        raise Refused("A user name has up to 150 letters.")
    with transaction.atomic():
        user = User.objects.filter(username__iexact=username).first()
        known = user is not None
        if user is None:
            user = User(username=username)
            user.set_unusable_password()
            user.save()
        member, made = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
        if not made:
            raise Refused(f"{user.label} is in this team already.")
        # A link that another team's admin was given would let its holder in here too.
        links.end(user)
        activity.record(team, by, "member.added", user, label=user.username, detail={"role": role.value})
    return Invited(member, "" if known else links.create(user, INVITED_FOR))


def new_link(member: Membership, *, by: User) -> str:
    """The path of another link for a member who is in no other team: whoever follows it is that person."""
    user = member.user
    elsewhere = Membership.objects.filter(user=user).exclude(team=member.team).exists()
    if elsewhere or user.is_staff or user.is_superuser:
        raise Refused(f"{user.label} belongs to more than this team, so its admins cannot sign in for them.")
    with transaction.atomic():
        activity.record(member.team, by, "member.link_made", user, label=user.username)
        return links.create(user, INVITED_FOR)


def change_role(member: Membership, role: Role, *, by: User) -> None:
    """Give a member another role; the last admin keeps theirs."""
    with transaction.atomic():
        now = _locked(member)
        if now.role == role:
            return
        if role != Role.ADMIN:
            _keep_an_admin(now, "the last admin: make somebody else one first")
        detail: dict[str, object] = {"from": now.role, "to": role.value}
        Membership.objects.filter(pk=now.pk).update(role=role)
        activity.record(now.team, by, "member.role_changed", now.user, label=now.user.username, detail=detail)


def remove(member: Membership, *, by: User) -> None:
    """Take a person out of the team: tokens and links end, what they did stays written down. Not the last admin."""
    with transaction.atomic():
        now = _locked(member)
        _keep_an_admin(now, "the last admin: make somebody else one first")
        # For good: who is asked in again later does not bring back what lay about meanwhile.
        ApiToken.objects.filter(team=now.team, user=now.user, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        links.end(now.user)
        now.delete()
        activity.record(now.team, by, "member.removed", now.user, label=now.user.username)


def rename(team: Team, name: str, *, by: User) -> str:
    """Give the team another name, which is given back as it was kept; addresses keep its slug."""
    name = name.strip()
    if not name or len(name) > 80 or "\0" in name:
        raise Refused("A team's name has 1 to 80 letters.")
    with transaction.atomic():
        before = Team.objects.select_for_update().get(pk=team.pk).name
        if before != name:
            Team.objects.filter(pk=team.pk).update(name=name)
            activity.record(team, by, "team.renamed", team, label=name, detail={"from": before})
    return name


def _locked(member: Membership) -> Membership:
    """The row as it is now, while nobody else changes the team's members. Raises Refused if it is gone."""
    Team.objects.select_for_update().get(pk=member.team_id)
    now = Membership.objects.select_related("user", "team").filter(pk=member.pk).first()
    if now is None:
        raise Refused("This person is not in the team any more.")
    return now


def _keep_an_admin(member: Membership, why: str) -> None:
    others = Membership.objects.filter(team=member.team, role=Role.ADMIN, user__is_active=True)
    if member.role == Role.ADMIN and not others.exclude(pk=member.pk).exists():
        raise Refused(f"{member.user.label} is {why}.")
