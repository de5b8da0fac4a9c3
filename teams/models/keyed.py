"""Requests that were sent with a key, and their answers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from teams.models.activity import Activity
from teams.models.team import Team
from teams.models.user import User


class KeyedRequest(models.Model):
    """One request of one person in one team under a key from the client; the key is unique in the database.

    `holder` names the process that works on it. `activity` is its first act, `ended_at` the time when its
    answer was ready; both are null before that.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(
        max_length=64, help_text="SHA-256 of method, address and contents, in hex."
    )
    holder = models.CharField(max_length=32)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    activity = models.ForeignKey(Activity, null=True, on_delete=models.SET_NULL, related_name="+")
    answer: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "user", "key"], name="keyed_request_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["started_at"], name="keyed_request_age")]

    def __str__(self) -> str:
        return self.key
