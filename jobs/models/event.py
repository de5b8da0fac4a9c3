"""A job's timeline: every change of state, by whom and why."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.job import TransformJob
from jobs.states import JobState
from teams.models import User


class JobEvent(models.Model):
    """One move. `from_state` is empty for the first; no `by` means that the service itself acted."""

    job = models.ForeignKey(TransformJob, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    from_state = models.CharField(max_length=16, choices=JobState.choices, blank=True)
    to_state = models.CharField(max_length=16, choices=JobState.choices)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.from_state or 'new'} to {self.to_state}"
