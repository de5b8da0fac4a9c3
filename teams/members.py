"""A team's members and their roles. Each function raises Refused, with a sentence, for an act that is not allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from teams import accounts, activity, links
from teams.models import ApiToken, Invitation, Membership, Role, Team, User
from teams.secrets import digest, new_secret

#: So long an invitation's link may be followed, once.
INVITED_FOR = timedelta(days=3)


class Refused(Exception):
    """The act is not allowed; the text says why."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A person who was added or invited, and the path of their link.

    `joined` is true for a new account, whose link signs it in. A person with an account joins by the link.
    """

    user: User
    link: str
    joined: bool


def of(team: Team) -> QuerySet[Membership]:
    """The team's memberships with their users, by user name."""
    return Membership.objects.filter(team=team).select_related("user").order_by("user__username")


def invite(team: Team, username: str, role: Role, *, by: User) -> Invited:
    """Add a person with a new account, or invite a person who has one; both get a link for one use.

    An account without a password may be used by whoever made its links. So it stays with
    the team that made it until it has a password, and then joins by the link and the password together.
    """
    username = _username(username)
    try:
        with transaction.atomic():
            _check_admin(team, by)
            user = User.objects.select_for_update(no_key=True).filter(username__iexact=username).first()
            if user is not None:
                _check_free(team, user)
            if user is not None and user.has_usable_password():
                return _offer(team, user, role, by=by)
            if user is None:
                user = accounts.create(username)
            else:
                accounts.hand_over(user)
            Membership.objects.create(team=team, user=user, role=role)
            activity.record(team, by, "member.added", user, label=user.username, detail={"role": role.value})
            return Invited(user, links.create(user, INVITED_FOR), joined=True)
    except IntegrityError as error:
        raise Refused(f"{username} was added by somebody else just now.") from error


def _username(text: str) -> str:
    """A user name without outer blanks. Raises Refused if it cannot be one."""
    name = text.strip()
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise Refused("A user name has letters, digits and @ . + - _ only.") from error
    if len(name) > 150:
        raise Refused("A user name has up to 150 letters.")
    return name


def _check_free(team: Team, user: User) -> None:
    """Raises Refused if the account may not join the team."""
    if Membership.objects.filter(team=team, user=user).exists():
        raise Refused(f"{user.label} is in this team already.")
    if not user.is_active:
        raise Refused(f"The account {user.username} is switched off.")
    belongs = user.is_staff or user.is_superuser or Membership.objects.filter(user=user).exists()
    if belongs and not user.has_usable_password():
        raise Refused(
            f"The account {user.username} is in use elsewhere and has no password yet, so nobody can tell whose it "
            "is. Its person sets a password on the page Account and then can be invited; or take another user name."
        )


def _offer(team: Team, user: User, role: Role, *, by: User) -> Invited:
    secret = new_secret()
    Invitation.objects.update_or_create(
        team=team,
        user=user,
        defaults={"role": role, "digest": digest(secret), "expires_at": timezone.now() + INVITED_FOR},
    )
    activity.record(team, by, "member.invited", user, label=user.username, detail={"role": role.value})
    return Invited(user, reverse("join-team", args=[secret]), joined=False)


def invitations(team: Team) -> QuerySet[Invitation]:
    """The team's open invitations, by user name."""
    rows = Invitation.objects.filter(team=team, expires_at__gt=timezone.now())
    return rows.select_related("user").order_by("user__username")


def find_invitation(secret: str) -> Invitation | None:
    """The invitation whose link has this secret; None if it is unknown, used, withdrawn or too old."""
    rows = Invitation.objects.select_related("team", "user").filter(user__is_active=True)
    return rows.filter(digest=digest(secret), expires_at__gt=timezone.now()).first()


def join(invitation: Invitation) -> Membership:
    """Make the invited person a member, after their password was checked. The account's sessions and links end.

    Raises Refused if the invitation was used or withdrawn meanwhile.
    """
    user, team = invitation.user, invitation.team
    with transaction.atomic():
        _locked_user(user)
        deleted, _ = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest).delete()
        if not deleted:
            raise Refused("This invitation is no longer good.")
        member, _ = Membership.objects.get_or_create(team=team, user=user, defaults={"role": invitation.role})
        # Whoever could sign in for the person while they were of another team only, is out now.
        accounts.end_sessions(user)
        detail: dict[str, object] = {"role": member.role}
        activity.record(team, user, "member.joined", user, label=user.username, detail=detail)
    return member


def withdraw(invitation: Invitation, *, by: User) -> None:
    """Delete an invitation, so that its link is invalid."""
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk).delete()[0]:
            user = invitation.user
            activity.record(invitation.team, by, "member.uninvited", user, label=user.username)


def new_link(member: Membership, *, by: User) -> str:
    """The path of a new sign-in link for a member. Only for members who are in no other team."""
    with transaction.atomic():
        _check_admin(member.team, by)
        user = _locked_user(member.user)
        memberships = Membership.objects.filter(user=user)
        if not memberships.filter(team=member.team).exists():
            raise Refused("This person is not in the team any more.")
        elsewhere = memberships.exclude(team=member.team).exists()
        if elsewhere or user.is_staff or user.is_superuser:
            raise Refused(
                f"{user.label} belongs to more than this team, so its admins cannot sign in for them."
            )
        activity.record(member.team, by, "member.link_made", user, label=user.username)
        return links.create(user, INVITED_FOR)


def change_role(member: Membership, role: Role, *, by: User) -> None:
    """Change a member's role, except the last admin's. A former admin's open invitations and links end."""
    with transaction.atomic():
        now = _locked(member)
        if now.role == role:
            return
        if role != Role.ADMIN:
            check_not_last_admin(now)
        detail: dict[str, object] = {"from": now.role, "to": role.value}
        Membership.objects.filter(pk=now.pk).update(role=role)
        activity.record(now.team, by, "member.role_changed", now.user, label=now.user.username, detail=detail)
        if now.role == Role.ADMIN:
            _end_offers(now.team, by=by)


def remove(member: Membership, *, by: User) -> None:
    """Remove a person from the team, except the last admin. Their tokens and links end; the record of their acts stays.

    If they were an admin, the team's open invitations and links end too.
    """
    with transaction.atomic():
        now = _locked(member)
        check_not_last_admin(now)
        # For good: who is asked in again later does not bring back what lay about meanwhile.
        ApiToken.objects.filter(team=now.team, user=now.user, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        links.end(now.user)
        Invitation.objects.filter(team=now.team, user=now.user).delete()
        now.delete()
        activity.record(now.team, by, "member.removed", now.user, label=now.user.username)
        if now.role == Role.ADMIN:
            _end_offers(now.team, by=by)


def rename(team: Team, name: str, *, by: User) -> str:
    """Rename the team and return the name as it was stored; addresses keep the slug."""
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
    """The row, read again under a lock on the team's members. Raises Refused if it is gone."""
    Team.objects.select_for_update().get(pk=member.team_id)
    now = Membership.objects.select_related("user", "team").filter(pk=member.pk).first()
    if now is None:
        raise Refused("This person is not in the team any more.")
    return now


def _locked_user(user: User) -> User:
    """The account, read again under a lock that keeps it from joining a team or getting a link."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _end_offers(team: Team, *, by: User) -> None:
    """End the team's unused invitations and sign-in links: a former admin may know them.

    Only members who are in no other team have links of this team.
    """
    for invitation in invitations(team):
        withdraw(invitation, by=by)
    elsewhere = Membership.objects.exclude(team=team).values("user")
    for member in of(team).exclude(user__in=elsewhere):
        links.end(member.user)


def _check_admin(team: Team, user: User) -> None:
    """Raises Refused unless the user is an admin of the team, and stays one until the end of the transaction."""
    # A lock that rows which refer to the team do not wait for, but `_locked` does.
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if not Membership.objects.filter(team=team, user=user, role=Role.ADMIN).exists():
        raise Refused(f"You are not an admin of {team} any more.")


def check_not_last_admin(member: Membership) -> None:
    """Raises Refused for the team's last admin."""
    admins = Membership.objects.filter(team=member.team, role=Role.ADMIN, user__is_active=True)
    if member.role == Role.ADMIN and not admins.exclude(pk=member.pk).exists():
        raise Refused(f"{member.user.label} is the last admin: make somebody else one first.")
