"""Signs of life from the processes that answer no requests, and leases that they hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.clock import passed


class Heartbeat(models.Model):
    """When the worker or beat was last known to be alive, or a lease was taken."""

    #: Pulses are written every few seconds; several missed ones are a failure, a slow one is not.
    STALE: ClassVar = timedelta(seconds=35)

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Say that `name` is alive now."""
        cls.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})

    @classmethod
    def claim(cls, name: str, lease: timedelta) -> datetime | None:
        """Take what one worker may do at a time, until `release`, or for `lease` if the worker dies.

        What to release it with; None if another worker has it.
        """
        now = timezone.now()
        _, made = cls.objects.get_or_create(name=name, defaults={"beat_at": now})
        if made or cls.objects.filter(passed("beat_at", lease), name=name).update(beat_at=now) == 1:
            return now
        return None

    @classmethod
    def release(cls, name: str, claimed_at: datetime) -> None:
        """Give back what was claimed, unless the lease has ended and another worker has it now."""
        cls.objects.filter(name=name, beat_at=claimed_at).delete()
