"""A deployment: what of a model package group runs in stages, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone

from jobs.models import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from deployments.models.stage import Stage


class FollowPolicy(models.TextChoices):
    """What happens when the registry has a newer approved version."""

    OFFER = "offer", "Offer it; a person promotes it"
    PROMOTE = "promote", "Promote it to the first stage by itself"


class Deployment(models.Model):
    """A model package group, the settings of its jobs and its stages.

    `settings` are the fields of a job that all stages share, as the API takes them. `preprocess` has the fields of
    `preprocess_step.PreprocessStep`; empty without such a step.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="deployments")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=400, blank=True)
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Where the model registry is that has the group.",
    )
    package_group = models.CharField(max_length=63)
    settings = models.JSONField(default=dict)
    preprocess = models.JSONField(default=dict)
    follow = models.CharField(max_length=8, choices=FollowPolicy.choices, default=FollowPolicy.OFFER)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    # The newest approved version that the registry had, when it was last asked, and the error of that try.
    newest_version = models.PositiveIntegerField(null=True)
    newest_arn = models.CharField(max_length=2048, blank=True)
    looked_at = models.DateTimeField(null=True, help_text="When the registry was last asked.")
    look_error = models.TextField(blank=True, help_text="A sentence for people; empty while calls succeed.")

    objects: ClassVar[TeamQuerySet[Deployment]] = TeamQuerySet.as_manager()  # type: ignore[assignment]
    if TYPE_CHECKING:
        stages: RelatedManager[Stage]

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "slug"], name="deployment_slug_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The address of its page."""
        return reverse("deployment", args=[self.slug])
