"""A job's timeline: every change of state with its author and reason, and notes and warnings in between."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.job import TransformJob
from jobs.states import JobState
from teams.models import User


class EventKind(models.TextChoices):
    """The kind of an entry. Only a move changes the state."""

    MOVE = "move", "Move"
    NOTE = "note", "Note"
    WARNING = "warning", "Warning"


class JobEvent(models.Model):
    """An entry. `from_state` is empty in the first one; `by` is None where the service itself acted."""

    Kind = EventKind

    kind = models.CharField(max_length=8, choices=EventKind.choices, default=EventKind.MOVE)
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

    @property
    def is_move(self) -> bool:
        """Whether the state changed."""
        return self.kind == EventKind.MOVE
