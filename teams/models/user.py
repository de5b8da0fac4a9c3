"""A person who signs in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class User(AbstractUser):
    """Django's user, ours from the start so that fields can be added without moving tables."""

    email_confirmed = models.BooleanField(
        default=False,
        editable=False,
        help_text="The person opened a link that was mailed to the address. Only then it can replace the password.",
    )
    is_service = models.BooleanField(
        default=False,
        editable=False,
        help_text="A service account: a member of one team that never signs in, for tokens of scripts.",
    )
    sessions_ended = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="How often all sessions of the account were ended. A session holds the number it began with.",
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"), condition=Q(email_confirmed=True), name="user_confirmed_email_once"
            ),
        ]

    @property
    def label(self) -> str:
        """The name shown on pages: the full name if there is one."""
        return self.get_full_name() or self.get_username()

    def get_session_auth_hash(self) -> str:
        """Django's password hash, combined with `sessions_ended`. Django ends each session with another hash."""
        return self._with_number(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The session hashes under the former secret keys."""
        return (self._with_number(text) for text in super().get_session_auth_fallback_hash())

    def _with_number(self, text: str) -> str:
        # Without a number while it is 0, so that sessions from before the field go on.
        return f"{self.sessions_ended}:{text}" if self.sessions_ended else text
