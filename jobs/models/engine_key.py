"""Keys with which members call the engine from their own programs."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models

from jobs.models.connection import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User


def new_engine_key() -> str:
    """A random id for addresses and file names."""
    return secrets.token_hex(8)


class EngineKey(models.Model):
    """A member's key to the engine. Its secret is in a file beside the engine's own, and shown once."""

    key = models.CharField(max_length=16, unique=True, default=new_engine_key)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="engine_keys")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="engine_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="engine_keys")
    name = models.CharField(max_length=80, help_text="What it is for.")
    reads_only = models.BooleanField(default=False)
    access_key_id = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TeamQuerySet[EngineKey]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar = [models.Index(fields=["revoked_at"], name="engine_key_revoked")]

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """The name of its file; it is part of the user's ARN in the engine."""
        return f"member-{self.key}.json"
