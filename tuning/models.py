"""Tunings: a request run with several settings on a sample of its input, and what each of them gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from jobs.models import Connection, Preset, TransformJob
from jobs.models.job_values import KEY_LENGTH, new_key
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class TuningState(models.TextChoices):
    """How far a tuning is."""

    SAMPLING = "sampling", "Taking the sample"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


class CombinationState(models.TextChoices):
    """What became of a combination."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Not run"


#: Tunings that a worker goes on with.
UNDER_WAY = frozenset({TuningState.SAMPLING, TuningState.RUNNING})


class Tuning(models.Model):
    """A request whose fastest settings are looked for. `spec` is the request in the SDK's field names.

    `folder` is the S3 address, with a slash at its end, below which the sample and the outputs are written.
    """

    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    source_job = models.ForeignKey(TransformJob, null=True, on_delete=models.SET_NULL, related_name="+")
    preset = models.ForeignKey(Preset, null=True, on_delete=models.SET_NULL, related_name="+")
    model_name = models.CharField(max_length=63)
    spec = models.JSONField()
    folder = models.CharField(max_length=1100)
    sample_mb = models.PositiveIntegerField(help_text="Most megabytes of the sample.")
    most_objects = models.PositiveIntegerField(help_text="Most objects of the sample.")
    limit_minutes = models.PositiveIntegerField(help_text="Each job is stopped after so many minutes.")
    sample_objects = models.PositiveIntegerField(default=0)
    sample_bytes = models.BigIntegerField(default=0)
    sample_records = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=TuningState.choices, default=TuningState.SAMPLING)
    problem = models.TextField(blank=True, help_text="Why it failed, or what it waits for.")
    tries = models.PositiveIntegerField(default=0, help_text="How often in a row it was put off.")
    try_at = models.DateTimeField(default=timezone.now)
    stop_requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    stop_requested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamQuerySet[Tuning]] = TeamQuerySet.as_manager()  # type: ignore[assignment]
    if TYPE_CHECKING:
        combinations: RelatedManager[Combination]

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["try_at"], name="tuning_due", condition=Q(state__in=UNDER_WAY)),
            models.Index(fields=["team", "-id"], name="tuning_team_newest"),
        ]

    def __str__(self) -> str:
        return f"tuning of {self.model_name}"

    def get_absolute_url(self) -> str:
        """The address of its page."""
        return reverse("tuning", args=[self.key])

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in UNDER_WAY

    def in_order(self) -> list[Combination]:
        """Its combinations, in the order in which they run."""
        rows = sorted(self.combinations.all(), key=lambda row: row.position)
        for row in rows:
            row.tuning = self
        return rows


class Combination(models.Model):
    """Settings of a tuning, and the job that ran with them. `seconds` is how long it ran."""

    tuning = models.ForeignKey(Tuning, on_delete=models.CASCADE, related_name="combinations")
    position = models.PositiveSmallIntegerField()
    max_payload = models.PositiveSmallIntegerField(help_text="MaxPayloadInMB.")
    max_concurrent_transforms = models.PositiveSmallIntegerField()
    strategy = models.CharField(max_length=12, help_text="BatchStrategy.")
    state = models.CharField(
        max_length=10, choices=CombinationState.choices, default=CombinationState.WAITING
    )
    reason = models.TextField(blank=True, help_text="Why it failed or did not run.")
    job = models.ForeignKey(TransformJob, null=True, on_delete=models.SET_NULL, related_name="combinations")
    seconds = models.FloatField(null=True)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=6, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tuning", "position"], name="combination_once_per_position")
        ]

    def __str__(self) -> str:
        return f"{self.max_payload} MB, {self.max_concurrent_transforms} at once, {self.strategy}"

    @property
    def settings(self) -> dict[str, int | str]:
        """The settings by the names of their fields in a request."""
        return {
            "max_payload": self.max_payload,
            "max_concurrent_transforms": self.max_concurrent_transforms,
            "strategy": self.strategy,
        }

    @property
    def records_per_second(self) -> float | None:
        """Records of the sample in each second that the job ran; None unless it completed."""
        if not self.seconds or self.state != CombinationState.COMPLETED:
            return None
        return self.tuning.sample_records / self.seconds
