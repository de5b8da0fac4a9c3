"""A promotion: a version on its way into a stage, from the offer to the end."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from deployments.models.stage import Stage
from jobs.models.guarded_moves import move_row
from jobs.models.job_values import KEY_LENGTH, new_key
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User


class PromotionKind(models.TextChoices):
    """Whether a version comes into a stage or comes back."""

    PROMOTION = "promotion", "Promotion"
    ROLL_BACK = "roll-back", "Roll back"


class PromotionState(models.TextChoices):
    """The state of a promotion."""

    OFFERED = "offered", "Offered"
    WAITING = "waiting", "Waiting for approval"
    APPROVED = "approved", "Being deployed"
    DEPLOYED = "deployed", "Deployed"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"
    REPLACED = "replaced", "Replaced by a newer one"


#: Promotions that have not ended. A stage has at most one of them.
OPEN = frozenset({PromotionState.OFFERED, PromotionState.WAITING, PromotionState.APPROVED})
_S = PromotionState
MOVES: dict[str, frozenset[PromotionState]] = {
    _S.OFFERED: frozenset({_S.WAITING, _S.APPROVED, _S.REJECTED, _S.REPLACED}),
    _S.WAITING: frozenset({_S.APPROVED, _S.REJECTED, _S.REPLACED}),
    _S.APPROVED: frozenset({_S.DEPLOYED, _S.FAILED}),
    **{state: frozenset() for state in (_S.DEPLOYED, _S.FAILED, _S.REJECTED, _S.REPLACED)},
}


class Promotion(models.Model):
    """One version and one stage. `carried` is what the workers have done so far, so that they go on there.

    `problem` says which call failed and which permission it needs.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="promotions")
    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    kind = models.CharField(max_length=10, choices=PromotionKind.choices, default=PromotionKind.PROMOTION)
    state = models.CharField(max_length=10, choices=PromotionState.choices)
    version = models.PositiveIntegerField()
    version_arn = models.CharField(max_length=2048)
    from_version = models.PositiveIntegerField(null=True, help_text="What ran in the stage before.")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    carried = models.JSONField(default=dict)
    tries = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, help_text="When a worker goes on with it.")

    objects: ClassVar[TeamQuerySet[Promotion]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["stage"], condition=Q(state__in=sorted(OPEN)), name="promotion_open_once_per_stage"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["stage", "-id"], name="promotion_newest"),
            models.Index(
                fields=["next_look_at"], name="promotion_due", condition=Q(state=PromotionState.APPROVED)
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version} to {self.stage}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    def move(self, to: PromotionState, *, from_: PromotionState, **fields: Any) -> bool:
        """Change the state if the row is still in `from_`. True if this call has changed it."""
        if to not in MOVES[from_]:
            raise ValueError(f"{from_} may not become {to}")
        return move_row(self, to, from_={from_}, **fields)
