"""Mails about accounts: asked for by pages, sent by a worker, tried again while the mail server is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from teams import accounts, links, mailing
from teams.models import AccountMail, AccountMailKind, Invitation, User
from teams.secrets import digest, new_secret

#: So long the link of a forgotten password works.
PASSWORD_LINK_LASTS = timedelta(hours=1)
#: So long the link that confirms an address works.
ADDRESS_LINK_LASTS = timedelta(days=3)
#: Mails to one typed name, and from one address, in PASSWORD_LINK_LASTS; more are not sent.
_SAME_NAME, _SAME_ADDRESS = 3, 20
#: Nothing is sent later than this after it was asked for.
_TRIED_FOR = {AccountMailKind.PASSWORD: timedelta(hours=1)}
_OTHERS_TRIED_FOR = timedelta(days=1)
_KEPT_FOR = timedelta(days=30)
#: Longer than sending may take.
_SENDING = timedelta(minutes=2)
_AT_ONCE = 50
_ADDRESS_SALT = "teams.confirm-address"


@dataclass(frozen=True, slots=True)
class _Text:
    address: str
    subject: str
    body: str


def ask_for_password_link(asked_for: str, asked_from: str | None) -> None:
    """Queue a link for whoever forgot a password. It takes as long for a name that nobody has.

    Too many for one name or from one address are dropped.
    """
    asked_for = asked_for.strip()[:254]
    recent = AccountMail.objects.filter(
        kind=AccountMailKind.PASSWORD, created_at__gt=timezone.now() - PASSWORD_LINK_LASTS
    )
    same_name = recent.filter(asked_for__iexact=asked_for).count()
    same_address = recent.filter(asked_from=asked_from).count()
    if same_name < _SAME_NAME and same_address < _SAME_ADDRESS:
        _queue(AccountMailKind.PASSWORD, asked_for=asked_for, asked_from=asked_from)


def ask_to_confirm(user: User) -> bool:
    """Queue a mail that asks the owner of the user's address; False if mail is not set up, or it was asked lately."""
    lately = AccountMail.objects.filter(
        kind=AccountMailKind.ADDRESS, user=user, created_at__gt=timezone.now() - timedelta(hours=1)
    )
    if not mailing.can_send_links() or lately.count() >= _SAME_NAME:
        return False
    _queue(AccountMailKind.ADDRESS, user=user)
    return True


def invite(invitation: Invitation) -> None:
    """Queue the mail of an invitation, instead of one that still waits."""
    AccountMail.objects.filter(invitation=invitation, sent_at=None).delete()
    _queue(AccountMailKind.INVITATION, invitation=invitation)


def confirm(user: User, token: str) -> bool:
    """Whether the token was mailed to the user's present address, which is confirmed then.

    False too if another account has confirmed the same address.
    """
    try:
        pk, address = signing.loads(token, salt=_ADDRESS_SALT, max_age=ADDRESS_LINK_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return False
    try:
        with transaction.atomic():
            mine = User.objects.filter(pk=user.pk, email=address)
            if pk != user.pk or not mine.update(email_confirmed=True):
                return False
            accounts.note(user, "account.email_confirmed", by=user)
    except IntegrityError:
        return False
    return True


def send_due() -> int:
    """Send the mails that are due; returns how many rows were worked on. Several workers may do so at once."""
    count = 0
    for mail in AccountMail.objects.filter(next_try_at__lte=timezone.now()).order_by("next_try_at")[
        :_AT_ONCE
    ]:
        now = timezone.now()
        due_row = AccountMail.objects.filter(pk=mail.pk, next_try_at=mail.next_try_at)
        if due_row.update(next_try_at=now + _SENDING, tries=F("tries") + 1):
            mail.refresh_from_db()
            _send(mail)
            count += 1
    return count


def forget() -> None:
    """Delete old rows."""
    AccountMail.objects.filter(created_at__lt=timezone.now() - _KEPT_FOR).delete()


def _queue(kind: AccountMailKind, **values: object) -> None:
    AccountMail.objects.create(kind=kind, next_try_at=timezone.now(), **values)


def _send(mail: AccountMail) -> None:
    now = timezone.now()
    tried_for = _TRIED_FOR.get(AccountMailKind(mail.kind), _OTHERS_TRIED_FOR)
    if mail.created_at < now - tried_for:
        _settle(mail, next_try_at=None, problem=mail.problem or "It was too late to send it.")
        return
    text = _WRITERS[AccountMailKind(mail.kind)](mail)
    if text is None:
        _settle(mail, next_try_at=None)
        return
    problem = mailing.send_mail(text.address, text.subject, text.body, f"account-{mail.pk}")
    if problem is None:
        _settle(mail, next_try_at=None, sent_at=now, problem="")
        return
    again = None if problem.final else now + min(timedelta(seconds=15) * 2**mail.tries, timedelta(hours=1))
    _settle(mail, next_try_at=again, problem=problem.text[:300])


def _settle(mail: AccountMail, **values: object) -> None:
    AccountMail.objects.filter(pk=mail.pk).update(**values)


def _password_text(mail: AccountMail) -> _Text | None:
    """The mail for a forgotten password; None where no account has the name or a confirmed address."""
    users = User.objects.filter(email_confirmed=True, is_active=True)
    # First the address: somebody else may have taken it as a user name.
    user = users.filter(email__iexact=mail.asked_for).first() or users.filter(username=mail.asked_for).first()
    if user is None:
        return None
    with transaction.atomic():
        link = settings.PUBLIC_URL + links.create(
            user, PASSWORD_LINK_LASTS, new_password=True, is_mailed=True
        )
        accounts.note(user, "account.link_mailed", by=None)
    body = (
        f"Somebody, perhaps you, asked for a new password for the account {user.username}.\n\n"
        f"This link signs you in once, within an hour, and then asks for a new password:\n{link}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    return _Text(user.email, "A new password", body)


def _address_text(mail: AccountMail) -> _Text | None:
    user = mail.user
    if user is None or not user.email or user.email_confirmed:
        return None
    token = signing.dumps([user.pk, user.email], salt=_ADDRESS_SALT)
    link = settings.PUBLIC_URL + reverse("confirm-address", args=[token])
    body = (
        f"The account {user.username} gave this as its e-mail address. Confirm it within three days:\n{link}\n\n"
        "If this is not your account, do nothing.\n"
    )
    return _Text(user.email, "Confirm your e-mail address", body)


def _invitation_text(mail: AccountMail) -> _Text | None:
    invitation, secret = mail.invitation, new_secret()
    if invitation is None:
        return None
    # The link of an earlier try is invalid now.
    rows = Invitation.objects.filter(pk=invitation.pk, expires_at__gt=timezone.now())
    if not rows.update(digest=digest(secret)):
        return None
    link = settings.PUBLIC_URL + reverse("join-team", args=[secret])
    body = (
        f"You are invited to the team {invitation.team} on Batchdeck as {invitation.get_role_display().lower()}.\n\n"
        f"This link lets you join once, until {invitation.expires_at:%d %b %Y, %H:%M} UTC:\n{link}\n"
    )
    return _Text(invitation.email, f"Join the team {invitation.team}", body)


_WRITERS: dict[AccountMailKind, Callable[[AccountMail], _Text | None]] = {
    AccountMailKind.PASSWORD: _password_text,
    AccountMailKind.ADDRESS: _address_text,
    AccountMailKind.INVITATION: _invitation_text,
}
