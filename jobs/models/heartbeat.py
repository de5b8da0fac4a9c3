"""Signs of life from the processes that answer no requests."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """When the worker or beat was last alive, or when a region's images were loaded."""

    #: Pulses are written every few seconds; several missed ones are a failure, a slow one is not.
    STALE: ClassVar = timedelta(seconds=35)

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Note that `name` is alive now."""
        cls.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})
