"""What Service Quotas allows a connection's account, as it was last read."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.clock import passed
from jobs.models.connection import Connection


class Quotas(models.Model):
    """The account's quotas for transform jobs: instances of all types together, and of each type.

    What is not named has no quota that anyone would meet.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True)
    instances = models.PositiveIntegerField(null=True)
    instances_per_type = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why the last try failed, as a sentence.")

    class Meta:
        verbose_name_plural: ClassVar = "quotas"

    def __str__(self) -> str:
        return f"Quotas of {self.connection}"

    @classmethod
    def claim(cls, connection: Connection, *, every: timedelta) -> bool:
        """Take the right to read them now, unless someone else did within `every`."""
        row, _ = cls.objects.get_or_create(connection=connection)
        due = Q(tried_at=None) | passed("tried_at", every)
        return cls.objects.filter(due, pk=row.pk).update(tried_at=timezone.now()) == 1
