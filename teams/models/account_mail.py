"""Mails about accounts, from the request until they are sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from teams.models.credentials import Invitation
from teams.models.user import User


class AccountMailKind(models.TextChoices):
    """What a mail is for."""

    PASSWORD = "password", "A link for somebody who forgot the password"
    ADDRESS = "address", "A link that confirms an e-mail address"
    INVITATION = "invitation", "An invitation to a team"


class AccountMail(models.Model):
    """A mail to send, or one that was sent. Its link is made when it is sent, so that no secret is stored.

    `next_try_at` is null when nothing more is to be done. `asked_for` is what a person typed who forgot the password:
    only the worker looks for an account with it, so that the time of an answer tells nothing.
    """

    kind = models.CharField(max_length=16, choices=AccountMailKind.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    invitation = models.ForeignKey(Invitation, null=True, on_delete=models.CASCADE, related_name="mails")
    asked_for = models.CharField(max_length=254, blank=True)
    asked_from = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_try_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"], name="account_mail_due", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["created_at"], name="account_mail_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} mail {self.pk}"
