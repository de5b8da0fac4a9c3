"""The second step of a sign-in: codes of an authenticator app, and recovery codes."""

from __future__ import annotations

from django.db import models

from teams.models.user import User


class SecondFactor(models.Model):
    """The authenticator app of one account. Without a row, the account signs in without a code.

    `last_step` is the time step, of 30 seconds each, of the last code that was taken: each code is good once.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_factor")
    secret = models.CharField(
        max_length=300, help_text="The app's key, encrypted with the installation's secret key."
    )
    last_step = models.BigIntegerField(default=0)
    wrong_codes = models.PositiveIntegerField(default=0)
    wrong_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """A code for once, for people without their app. Only its digest is kept; it goes when it is used."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"
