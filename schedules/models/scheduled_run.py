"""One time of a schedule, and what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.models import TransformJob
from jobs.models.guarded_moves import move_row
from jobs.models.job_values import KEY_LENGTH, new_key
from schedules.models.schedule import Schedule
from schedules.states import PENDING, RunState
from teams.models import User


class ScheduledRun(models.Model):
    """A time that was due. A missed one may stand for several in a row: `times` is their number."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="runs")
    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    due_at = models.DateTimeField(help_text="The schedule's time, or when a person asked for a run.")
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.DUE)
    reason = models.TextField(
        blank=True, help_text="Why it waits, was skipped, missed or failed; a sentence."
    )
    times = models.PositiveIntegerField(default=1, help_text="The times that a missed run stands for.")
    late = models.BooleanField(default=False, help_text="Whether it makes up for a missed time.")
    asked_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Who pressed Run now."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    try_at = models.DateTimeField(
        default=timezone.now, help_text="When a pending run is tried again if its message is lost."
    )
    started_at = models.DateTimeField(null=True)
    job = models.OneToOneField(
        TransformJob, null=True, on_delete=models.SET_NULL, related_name="scheduled_run"
    )
    fingerprint = models.CharField(
        max_length=32, blank=True, help_text="Of the model and settings, if it takes new objects only."
    )
    objects_new = models.PositiveIntegerField(null=True, help_text="Objects in its manifest.")
    objects_before = models.PositiveIntegerField(null=True, help_text="Objects that earlier runs covered.")

    class Meta:
        ordering: ClassVar = ["-due_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="run_once_per_time"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["try_at"], name="run_pending", condition=Q(state__in=[RunState.DUE, RunState.WAITING])
            ),
            models.Index(fields=["schedule", "-id"], name="run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} at {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def at(self) -> datetime:
        """Its due time in the schedule's zone."""
        return self.due_at.astimezone(self.schedule.zone)

    @property
    def name(self) -> str:
        """A name that no other run has: 20261130-0600-k3v7q2."""
        return run_name(self.at, self.key)

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be started or not."""
        return self.state in PENDING

    def move(self, to: RunState, *, from_: Collection[RunState] = PENDING, **columns: Any) -> bool:
        """Change the state if the row is still in one of `from_`. True if this call has changed it."""
        return move_row(self, to, from_=from_, **columns)


def run_name(at: datetime, key: str) -> str:
    """The name of a run that is due at `at`, a time in the schedule's zone."""
    return f"{at:%Y%m%d-%H%M}-{key[:6]}"
