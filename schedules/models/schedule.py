"""What runs by itself, at which times, for whom."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Preset
from jobs.models.scoped import TeamQuerySet
from schedules.states import CatchUp, Overlap, PauseCause
from teams.models import Team, User

#: The kind of the schedules that run a preset.
PRESET = "preset"


class Schedule(models.Model):
    """An expression, and what it runs: a preset, or what the handler of another `kind` finds for it.

    Its jobs are submitted for `changed_by`, the person who changed it last.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="schedules")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, default=PRESET, help_text="Which handler starts its runs.")
    preset = models.ForeignKey(Preset, null=True, on_delete=models.SET_NULL, related_name="schedules")

    expression = models.CharField(max_length=256, help_text="rate(…), cron(…) or at(…).")
    timezone = models.CharField(max_length=64, default="UTC", help_text="An IANA name such as Europe/Berlin.")
    start_at = models.DateTimeField(null=True, help_text="No run before it.")
    end_at = models.DateTimeField(null=True, help_text="No run after it.")
    since = models.DateTimeField(default=now, help_text="Where the times of a rate are counted from.")
    overlap = models.CharField(max_length=8, choices=Overlap.choices, default=Overlap.SKIP)
    catch_up = models.CharField(max_length=8, choices=CatchUp.choices, default=CatchUp.LATEST)

    data = models.CharField(
        max_length=1024, blank=True, help_text="The input, with placeholders; empty for the preset's own."
    )
    output_path = models.CharField(
        max_length=1024, blank=True, help_text="With placeholders; empty for the preset's own."
    )
    incremental = models.BooleanField(
        default=False, help_text="Only objects that no completed run of the same settings has covered."
    )
    replace_outputs = models.BooleanField(default=False, help_text="Whether runs may replace objects.")

    next_run_at = models.DateTimeField(null=True, help_text="Null while it is paused or has no further time.")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    pause_cause = models.CharField(max_length=12, choices=PauseCause.choices, blank=True)
    pause_reason = models.TextField(blank=True, help_text="A sentence; empty if a person gave none.")

    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=now, editable=False)
    changed_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", help_text="The person it runs for."
    )
    changed_at = models.DateTimeField(default=now)

    objects: ClassVar[TeamQuerySet[Schedule]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "slug"], name="schedule_slug_once_per_team"),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True) | Q(next_run_at__isnull=True),
                name="schedule_paused_has_no_next_run",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_run_at"], name="schedule_due", condition=Q(next_run_at__isnull=False)),
            models.Index(fields=["team", "next_run_at"], name="schedule_team_next"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The address of its page."""
        return reverse("schedule", args=[self.slug])

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of its times."""
        return ZoneInfo(self.timezone)

    @property
    def is_paused(self) -> bool:
        """Whether it runs nothing until it is resumed."""
        return self.paused_at is not None

    @property
    def has_ended(self) -> bool:
        """Whether no further time comes, although it is not paused."""
        return self.next_run_at is None and not self.is_paused
