"""Signs of life from the processes that answer no requests."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """When the worker or beat was last known to be alive."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Say that `name` is alive now."""
        cls.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})
