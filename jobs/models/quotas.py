"""The quotas of a connection's account, as they were last read from Service Quotas."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.clock import passed
from jobs.models.connection import Connection


class Quotas(models.Model):
    """The account's quotas of instances for transform jobs: of all types together, and of each type.

    A type that is not named has no quota that matters.
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
        """Note that they are read now; False if they were read less than `every` ago."""
        row, _ = cls.objects.get_or_create(connection=connection)
        due = Q(tried_at=None) | passed("tried_at", every)
        return cls.objects.filter(due, pk=row.pk).update(tried_at=timezone.now()) == 1
