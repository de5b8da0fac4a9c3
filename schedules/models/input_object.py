"""The objects that a run was to read, so that a later run of the same settings leaves them out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from schedules.models.schedule import Schedule
from schedules.models.scheduled_run import ScheduledRun


class InputObject(models.Model):
    """An object in a run's manifest. It is covered once the run's job is Completed."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(ScheduledRun, on_delete=models.CASCADE, related_name="inputs")
    fingerprint = models.CharField(max_length=32, help_text="The run's.")
    uri = models.CharField(max_length=1100, help_text="s3://bucket/key.")
    etag = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "uri"], name="input_once_per_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["schedule", "fingerprint", "uri"], name="input_covered")]

    def __str__(self) -> str:
        return self.uri
