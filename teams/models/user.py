"""A person who signs in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Django's user, ours from the start so that fields can be added without moving tables."""

    @property
    def label(self) -> str:
        """The name shown on pages: the full name if there is one."""
        return self.get_full_name() or self.get_username()
