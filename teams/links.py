"""One-time sign-in links, for the first start and for people without a password."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from teams.models import SignInLink, User
from teams.secrets import digest, new_secret

LIFETIME = timedelta(minutes=15)
#: The clocks of several machines may differ by so much.
_SLACK = timedelta(seconds=30)


def create(
    user: User, lifetime: timedelta = LIFETIME, *, new_password: bool = False, is_mailed: bool = False
) -> str:
    """The path of a new link that signs `user` in once, within `lifetime`, and may lead to a `new_password`."""
    secret = new_secret()
    now = timezone.now()
    SignInLink.objects.filter(Q(expires_at__lt=now - timedelta(days=1))).delete()
    SignInLink.objects.create(
        user=user,
        digest=digest(secret),
        expires_at=now + lifetime,
        new_password=new_password,
        is_mailed=is_mailed,
    )
    return reverse("sign-in-link", args=[secret])


def whose(secret: str) -> User | None:
    """The user whom the link would sign in; None if it is unknown, used, or too old."""
    link = _open(secret).select_related("user").first()
    return link.user if link else None


def redeem(secret: str) -> SignInLink | None:
    """Use up the link and return it with its user; None if it is unknown, used, or too old."""
    link = _open(secret).select_related("user").first()
    # The guarded update decides between two who follow the same link at once.
    if link is None or _open(secret).update(used_at=timezone.now()) != 1:
        return None
    return link


def end(user: User) -> None:
    """Make the user's unused links invalid."""
    SignInLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())


def _open(secret: str) -> QuerySet[SignInLink]:
    now = timezone.now()
    # One made later than now would live longer than it may: the clock was set back.
    in_time = Q(expires_at__gt=now, created_at__lte=now + _SLACK)
    return SignInLink.objects.filter(
        in_time, digest=digest(secret), used_at=None, user__is_active=True, user__is_service=False
    )
