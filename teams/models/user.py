"""A person who signs in."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Django's user, ours from the start so that fields can be added without moving tables."""

    sessions_ended = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="How often all sessions of the account were ended. A session holds the number it began with.",
    )

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
