"""Who of the OpenID Connect provider signs in as which account."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from teams.models.user import User


class Identity(models.Model):
    """A person of a provider: its `subject` never changes there, while names and addresses may."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="identity")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    label = models.CharField(max_length=200, help_text="The person as the provider called them at first.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
        ]

    def __str__(self) -> str:
        return self.label
