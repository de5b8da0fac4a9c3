"""A run of a stage: its steps, one after the other, and the job of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from deployments.models.stage import Stage
from jobs.models import TransformJob
from jobs.models.guarded_moves import move_row
from jobs.models.job_values import KEY_LENGTH, new_key
from jobs.models.scoped import TeamQuerySet
from schedules.models import ScheduledRun
from teams.models import Team, User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class StageRunState(models.TextChoices):
    """The state of a run."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    SKIPPED = "skipped", "Skipped"


#: Runs with work left. A stage has at most one of them.
UNDER_WAY = frozenset({StageRunState.WAITING, StageRunState.RUNNING})
_ENDS = frozenset({StageRunState.COMPLETED, StageRunState.FAILED, StageRunState.STOPPED})
RUN_MOVES: dict[str, frozenset[StageRunState]] = {
    StageRunState.WAITING: frozenset({StageRunState.RUNNING}) | _ENDS,
    StageRunState.RUNNING: _ENDS,
    **{state: frozenset() for state in (*_ENDS, StageRunState.SKIPPED)},
}


class DeploymentRun(models.Model):
    """A run. `body` and `preprocess` are what it asks for, as they were when it was made, with dates filled in."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="runs")
    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    version = models.PositiveIntegerField(null=True)
    due_at = models.DateTimeField(help_text="The time that it is for.")
    state = models.CharField(max_length=10, choices=StageRunState.choices, default=StageRunState.WAITING)
    reason = models.TextField(blank=True)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    scheduled_run = models.OneToOneField(
        ScheduledRun, null=True, on_delete=models.SET_NULL, related_name="deployment_run"
    )
    body = models.JSONField(default=dict)
    preprocess = models.JSONField(default=dict)
    job = models.ForeignKey(TransformJob, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    stop_requested_at = models.DateTimeField(null=True)
    stop_requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    tries = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, help_text="When a worker goes on with it.")

    objects: ClassVar[TeamQuerySet[DeploymentRun]] = TeamQuerySet.as_manager()  # type: ignore[assignment]
    if TYPE_CHECKING:
        steps: RelatedManager[RunStep]

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["stage"],
                condition=Q(state__in=sorted(UNDER_WAY)),
                name="run_under_way_once_per_stage",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["stage", "-id"], name="deployment_run_newest"),
            models.Index(
                fields=["next_look_at"], name="deployment_run_due", condition=Q(state__in=sorted(UNDER_WAY))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.due_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        """The address of its page."""
        return reverse("deployment-run", args=[self.stage.deployment.slug, self.key])

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in UNDER_WAY

    @property
    def can_stop(self) -> bool:
        """Whether it may be asked to stop."""
        return self.is_under_way and self.stop_requested_at is None

    @property
    def remote_name(self) -> str:
        """The name of its jobs in SageMaker, which no other run has; at most 54 characters, so that an ending fits."""
        stem = f"{self.stage.deployment.slug}-{self.stage.slug}"
        return f"{stem[:41].rstrip('-')}-{self.key}"

    def move(self, to: StageRunState, *, from_: StageRunState, **fields: Any) -> bool:
        """Change the state if the row is still in `from_`. True if this call has changed it."""
        if to not in RUN_MOVES[from_]:
            raise ValueError(f"{from_} may not become {to}")
        return move_row(self, to, from_={from_}, **fields)


class StepKind(models.TextChoices):
    """What a step is."""

    PROCESSING = "processing", "Preprocess"
    TRANSFORM = "transform", "Transform"


class StepState(models.TextChoices):
    """The state of a step."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    SKIPPED = "skipped", "Not run"


class RunStep(models.Model):
    """One step of a run. `name` and `arn` are those of its job in SageMaker."""

    run = models.ForeignKey(DeploymentRun, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=StepKind.choices)
    state = models.CharField(max_length=10, choices=StepState.choices, default=StepState.WAITING)
    reason = models.TextField(blank=True)
    name = models.CharField(max_length=63, blank=True)
    arn = models.CharField(max_length=2048, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "position"], name="step_position_once_per_run")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.run}"

    def move(self, to: StepState, *, from_: StepState, **fields: Any) -> bool:
        """Change the state if the row is still in `from_`. True if this call has changed it."""
        return move_row(self, to, from_={from_}, **fields)
