"""API tokens, sign-in links and invitations. Only digests are kept; the secret is shown once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from teams.models.team import Role, Team
from teams.models.user import User


class ApiToken(models.Model):
    """A script's key to one team, with the role its owner has there at the time of each request, or a lesser one."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80, blank=True)
    role = models.CharField(
        max_length=16,
        blank=True,
        choices=Role.choices,
        help_text="The most it may do; empty: what its owner may.",
    )
    prefix = models.CharField(max_length=12, help_text="The secret's first letters, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the whole secret, in hex.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(
        null=True, blank=True, help_text="The address of the request at that time."
    )
    warned_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was announced that it ends soon."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user_id}"

    @property
    def usable(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class SignInLink(models.Model):
    """A link that signs one person in once, within its time."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    new_password = models.BooleanField(
        default=False, help_text="It was asked for because the password is forgotten: it leads to a new one."
    )
    is_mailed = models.BooleanField(
        default=False, help_text="It was only ever mailed to the account's confirmed address."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user_id}"


class Invitation(models.Model):
    """A team's invitation: of a person with an account, who joins with its password, or of whoever reads an address.

    The row goes when the person joins or an admin withdraws it.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(blank=True, help_text="The address that is invited; empty for a user.")
    is_mailed = models.BooleanField(
        default=False, help_text="The link was only ever mailed, so whoever has it reads the address."
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    days = models.PositiveIntegerField(
        default=3, help_text="So long it may be accepted, each time it is sent."
    )
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "user"], name="invitation_once_per_team"),
            models.UniqueConstraint(
                fields=["team", "email"], condition=~models.Q(email=""), name="invitation_once_per_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} may join {self.team_id}"

    @property
    def label(self) -> str:
        """The name of the person, or the address."""
        return self.user.label if self.user else self.email
