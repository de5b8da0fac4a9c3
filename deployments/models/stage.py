"""A stage of a deployment: where one version runs, on what and when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from deployments.models.deployment import Deployment
from jobs.models import Connection, RegisteredModel
from jobs.models.scoped import TeamQuerySet
from schedules.models import Schedule
from teams.models import Team


class Stage(models.Model):
    """Stages are in the order of `position`: a version is promoted from one to the next.

    `data` and `output_path` may have date placeholders. Empty settings are the deployment's own.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    slug = models.SlugField(max_length=20)
    name = models.CharField(max_length=40)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    execution_role_arn = models.CharField(max_length=2048, blank=True)
    instance_type = models.CharField(max_length=64, blank=True)
    instance_count = models.PositiveIntegerField(null=True, blank=True)
    data = models.CharField(max_length=1024)
    output_path = models.CharField(max_length=1024)
    artifact_path = models.CharField(
        max_length=1024,
        help_text="The folder for model archives, scripts and prepared inputs.",
    )
    needs_approval = models.BooleanField(default=False, help_text="An admin approves each promotion.")

    schedule = models.OneToOneField(
        Schedule,
        null=True,
        on_delete=models.SET_NULL,
        related_name="stage",
        help_text="When it runs by itself; a schedule of the kind `stage`.",
    )

    version = models.PositiveIntegerField(null=True, help_text="The version that runs here now.")
    version_arn = models.CharField(max_length=2048, blank=True)
    model = models.ForeignKey(RegisteredModel, null=True, on_delete=models.SET_NULL, related_name="+")
    deployed_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamQuerySet[Stage]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["deployment", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deployment", "slug"], name="stage_slug_once_per_deployment"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment.name}, {self.name}"

    @property
    def label(self) -> str:
        """What its jobs are marked with: the slugs of the deployment and the stage, with a slash between."""
        return f"{self.deployment.slug}/{self.slug}"

    def model_name(self, version: int) -> str:
        """The name of the model that a version of the group becomes here; at most 63 characters."""
        ending = f"-{self.slug}-v{version}"
        return self.deployment.slug[: 63 - len(ending)].rstrip("-") + ending
