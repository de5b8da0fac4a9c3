"""What happened, written once, and how far the jobs' timelines are read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models import TransformJob
from teams.models import Team, User


class NotificationEvent(models.Model):
    """An event that at least one channel is told of. `key` is unique in the team: the same event is written once.

    `data` is what webhooks get of it, `title` and `reason` are sentences, `path` is the address of its page.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=24)
    title = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    path = models.CharField(max_length=1024, blank=True)
    data = models.JSONField(default=dict)
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(TransformJob, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "key"], name="notification_event_once")
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="notification_event_age")]

    def __str__(self) -> str:
        return self.title


class ScanPosition(models.Model):
    """The id up to which a table is read; rows after it are looked at again."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"
