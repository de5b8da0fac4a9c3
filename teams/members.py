"""A team's members and their roles. Each function raises Refused, with a sentence, for an act that is not allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from teams import account_mails, accounts, activity, links, mailing, second_factor
from teams.models import ApiToken, Identity, Invitation, Membership, Role, SecondFactor, Team, User
from teams.names import trouble_with_name
from teams.secrets import digest, new_secret

#: For how many days an invitation's link may be followed, once.
LIFETIMES = {1: "a day", 3: "3 days", 7: "a week", 30: "30 days"}
_DEFAULT_DAYS = 3
#: So long a sign-in link of a member may be followed.
INVITED_FOR = timedelta(days=_DEFAULT_DAYS)


class Refused(Exception):
    """The act is not allowed; the text says why."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Who was added or invited, and the path of their link, which is empty if it is mailed.

    `joined` is true for a new account, whose link signs it in. Others join by the link.
    """

    label: str
    link: str
    joined: bool


def of(team: Team) -> QuerySet[Membership]:
    """The team's memberships with their users, by user name; `has_codes` tells who signs in with codes."""
    has_codes = Exists(SecondFactor.objects.filter(user=OuterRef("user")))
    rows = Membership.objects.filter(team=team).select_related("user").annotate(has_codes=has_codes)
    return rows.order_by("user__username")


def invite(team: Team, name: str, role: Role, *, by: User, days: int = _DEFAULT_DAYS) -> Invited:
    """Add a person with a new account, or invite an address or a person who has an account, by a link for one use.

    `name` is a user name or an e-mail address; where mail is set up, the link goes to the address alone. An account
    without a password may be used by whoever made its links. So it stays with the team that made it until it has a
    password, and then joins by the link and the password together.
    """
    name = name.strip()
    if _is_address(name) and not User.objects.filter(username__iexact=name).exists():
        return _invite_address(team, name.lower(), role, by=by, days=days)
    username = _username(name)
    try:
        with transaction.atomic():
            check_admin(team, by)
            user = User.objects.select_for_update(no_key=True).filter(username__iexact=username).first()
            if user is not None:
                _check_free(team, user)
            if user is not None and user.has_usable_password():
                return _offer(team, user, role, by=by, days=days)
            if user is None:
                user = accounts.create(username)
            else:
                accounts.hand_over(user)
            Membership.objects.create(team=team, user=user, role=role)
            activity.record(team, by, "member.added", user, label=user.username, detail={"role": role.value})
            return Invited(user.label, links.create(user, timedelta(days=days)), joined=True)
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


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _check_free(team: Team, user: User) -> None:
    """Raises Refused if the account may not join the team."""
    if Membership.objects.filter(team=team, user=user).exists():
        raise Refused(f"{user.label} is in this team already.")
    if user.is_service:
        raise Refused(f"{user.username} is a service account of another team.")
    if not user.is_active:
        raise Refused(f"The account {user.username} is switched off.")
    belongs = user.is_staff or user.is_superuser or Membership.objects.filter(user=user).exists()
    # Whose groups may give it teams again: the holder of a link would be in them.
    belongs = belongs or Identity.objects.filter(user=user).exists()
    if belongs and not user.has_usable_password():
        raise Refused(
            f"The account {user.username} is in use elsewhere and has no password yet, so nobody can tell whose it "
            "is. Its person sets a password on the page Account and then can be invited; or take another user name."
        )


def _offer(team: Team, user: User, role: Role, *, by: User, days: int) -> Invited:
    secret = new_secret()
    Invitation.objects.update_or_create(
        team=team,
        user=user,
        defaults={"role": role, "digest": digest(secret), "days": days, "expires_at": _end(days)},
    )
    activity.record(team, by, "member.invited", user, label=user.username, detail={"role": role.value})
    return Invited(user.label, _path(secret), joined=False)


def _invite_address(team: Team, address: str, role: Role, *, by: User, days: int) -> Invited:
    """Invite whoever reads the address; they make an account or join with one that they have."""
    secret, is_mailed = new_secret(), mailing.can_send_links()
    values = {
        "role": role,
        "digest": digest(secret),
        "days": days,
        "expires_at": _end(days),
        "is_mailed": is_mailed,
    }
    with transaction.atomic():
        check_admin(team, by)
        invitation, _ = Invitation.objects.update_or_create(team=team, email=address, defaults=values)
        activity.record(team, by, "member.invited", invitation, label=address, detail={"role": role.value})
        if is_mailed:
            account_mails.invite(invitation)
    return Invited(address, "" if is_mailed else _path(secret), joined=False)


def renew(invitation: Invitation, *, by: User) -> Invited:
    """Send an invitation again with a new link and the same time as before; the link before is invalid."""
    secret = new_secret()
    with transaction.atomic():
        check_admin(invitation.team, by)
        values = {"digest": digest(secret), "expires_at": _end(invitation.days)}
        if not Invitation.objects.filter(pk=invitation.pk).update(**values):
            raise Refused("This invitation is no longer open.")
        activity.record(invitation.team, by, "member.invited_again", invitation, label=invitation.label)
        if invitation.is_mailed:
            account_mails.invite(invitation)
    return Invited(invitation.label, "" if invitation.is_mailed else _path(secret), joined=False)


def _end(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def _path(secret: str) -> str:
    return reverse("join-team", args=[secret])


def invitations(team: Team) -> QuerySet[Invitation]:
    """The team's open invitations with their mails, by user name."""
    rows = Invitation.objects.filter(team=team, expires_at__gt=timezone.now())
    return rows.select_related("user", "team").prefetch_related("mails").order_by("user__username", "email")


def find_invitation(secret: str) -> Invitation | None:
    """The invitation whose link has this secret; None if it is unknown, used, withdrawn or too old."""
    rows = Invitation.objects.select_related("team", "user").filter(Q(user=None) | Q(user__is_active=True))
    return rows.filter(digest=digest(secret), expires_at__gt=timezone.now()).first()


def join_by_group(team: Team, user: User, role: Role) -> None:
    """Make the user a member whom the groups of the sign-in provider gave. The account's sessions and links end."""
    with transaction.atomic():
        _locked_user(user)
        values = {"role": role, "by_groups": True}
        _, is_new = Membership.objects.get_or_create(team=team, user=user, defaults=values)
        if is_new:
            accounts.end_sessions(user)
            detail: dict[str, object] = {"role": role.value, "by": "groups"}
            activity.record(team, user, "member.joined", user, label=user.username, detail=detail)


def join(invitation: Invitation, user: User) -> Membership:
    """Make the user a member, after their password was checked. The account's sessions and links end.

    Raises Refused if the invitation was used or withdrawn meanwhile, or is somebody else's.
    """
    if invitation.user_id not in {None, user.pk}:
        raise Refused("This invitation is for somebody else.")
    with transaction.atomic():
        _locked_user(user)
        member = _accept(invitation, user)
        # Whoever could sign in for the person while they were of another team only, is out now.
        accounts.end_sessions(user)
    return member


def join_anew(invitation: Invitation, username: str, hashed_password: str) -> Membership:
    """Make an account with the address of the invitation, and make it a member.

    Raises Refused if the user name is taken, or the invitation was used or withdrawn meanwhile.
    """
    name = _username(username)
    try:
        with transaction.atomic():
            if User.objects.filter(username__iexact=name).exists():
                raise Refused(f"The user name {name} is taken. Choose another one, or join with the account.")
            user = accounts.create(name)
            user.password, user.email = hashed_password, invitation.email
            is_free = not User.objects.filter(email__iexact=invitation.email, email_confirmed=True).exists()
            user.email_confirmed = invitation.is_mailed and is_free
            user.save()
            return _accept(invitation, user)
    except IntegrityError as error:
        raise Refused(f"The user name {name} was taken just now. Choose another one.") from error


def _accept(invitation: Invitation, user: User) -> Membership:
    """Use up the invitation. Call it in a transaction."""
    deleted, _ = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest).delete()
    if not deleted:
        raise Refused("This invitation is no longer good.")
    team, role = invitation.team, invitation.role
    member, _ = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
    activity.record(team, user, "member.joined", user, label=user.username, detail={"role": member.role})
    return member


def withdraw(invitation: Invitation, *, by: User | None) -> None:
    """Delete an invitation, so that its link is invalid."""
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk).delete()[0]:
            target = invitation.user or invitation
            label = invitation.user.username if invitation.user else invitation.email
            activity.record(invitation.team, by, "member.uninvited", target, label=label)


def new_link(member: Membership, *, by: User) -> str:
    """The path of a new sign-in link for a member. Only for members who are in no other team."""
    with transaction.atomic():
        user = _own_account(member, by=by)
        activity.record(member.team, by, "member.link_made", user, label=user.username)
        return links.create(user, INVITED_FOR, new_password=True)


def _own_account(member: Membership, *, by: User) -> User:
    """The locked account of a member who is in this team alone, so that its admins may help. Raises Refused."""
    check_admin(member.team, by)
    user = _locked_user(member.user)
    memberships = Membership.objects.filter(user=user)
    if not memberships.filter(team=member.team).exists():
        raise Refused("This person is not in the team any more.")
    if user.is_service:
        raise Refused(f"{user.username} is a service account: it never signs in.")
    elsewhere = memberships.exclude(team=member.team).exists()
    if elsewhere or user.is_staff or user.is_superuser:
        raise Refused(f"{user.label} belongs to more than this team, so its admins cannot sign in for them.")
    return user


def end_codes(member: Membership, *, by: User) -> None:
    """Let a member who lost the authenticator app sign in without a code. Only for members who are in no other team."""
    with transaction.atomic():
        second_factor.remove(_own_account(member, by=by), by=by)


def need_codes(team: Team, needed: bool, *, by: User) -> None:
    """Ask all members for a code at sign-in, or no more."""
    if needed and not second_factor.is_on(by):
        raise Refused("Set up codes for your own account first: you would not open the team any more.")
    with transaction.atomic():
        check_admin(team, by)
        if Team.objects.filter(pk=team.pk).exclude(needs_codes=needed).update(needs_codes=needed):
            verb = "team.codes_needed" if needed else "team.codes_not_needed"
            activity.record(team, by, verb, team, label=team.name)


def change_role(member: Membership, role: Role, *, by: User | None) -> None:
    """Change a member's role, except the last admin's. A former admin's open invitations and links end.

    Without `by` the groups of the sign-in provider do so.
    """
    with transaction.atomic():
        now = _locked(member)
        if now.role == role:
            return
        if role != Role.ADMIN:
            check_not_last_admin(now)
        Membership.objects.filter(pk=now.pk).update(role=role)
        activity.record(
            now.team,
            by,
            "member.role_changed",
            now.user,
            label=now.user.username,
            before={"role": now.role},
            after={"role": role.value},
        )
        if now.role == Role.ADMIN:
            _end_offers(now.team, by=by)


def remove(member: Membership, *, by: User | None) -> None:
    """Remove a person from the team, except the last admin. Their tokens and links end; the record of their acts stays.

    If they were an admin, the team's open invitations and links end too. Without `by` the groups of the sign-in
    provider do so.
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
        # It is of one team alone, and nobody is behind it.
        User.objects.filter(pk=now.user_id, is_service=True).update(is_active=False)
        activity.record(now.team, by, "member.removed", now.user, label=now.user.username)
        if now.role == Role.ADMIN:
            _end_offers(now.team, by=by)


def rename(team: Team, name: str, *, by: User) -> str:
    """Rename the team and return the name as it was stored; addresses keep the slug."""
    name = name.strip()
    if trouble := trouble_with_name(name):
        raise Refused(f"The team's name: {trouble}")
    with transaction.atomic():
        before = Team.objects.select_for_update().get(pk=team.pk).name
        if before != name:
            Team.objects.filter(pk=team.pk).update(name=name)
            activity.record(
                team, by, "team.renamed", team, label=name, before={"name": before}, after={"name": name}
            )
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


def _end_offers(team: Team, *, by: User | None) -> None:
    """End the team's unused invitations and sign-in links: a former admin may know them.

    Only members who are in no other team have links of this team.
    """
    for invitation in invitations(team):
        withdraw(invitation, by=by)
    elsewhere = Membership.objects.exclude(team=team).values("user")
    for member in of(team).exclude(user__in=elsewhere):
        links.end(member.user)


def check_admin(team: Team, user: User) -> None:
    """Raises Refused unless the user is an admin of the team, and stays one until the end of the transaction."""
    # A lock that rows which refer to the team do not wait for, but `_locked` does.
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    if not Membership.objects.filter(team=team, user=user, role=Role.ADMIN).exists():
        raise Refused(f"You are not an admin of {team} any more.")


def check_not_last_admin(member: Membership) -> None:
    """Raises Refused for the team's last admin."""
    admins = Membership.objects.filter(
        team=member.team, role=Role.ADMIN, user__is_active=True, user__is_service=False
    )
    if member.role == Role.ADMIN and not admins.exclude(pk=member.pk).exists():
        raise Refused(f"{member.user.label} is the last admin: make somebody else one first.")
