"""A model that the team registered in SageMaker."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from jobs.models.connection import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User


class RegisteredModel(models.Model):
    """One SageMaker model: a container, or a pipeline of 2 to 15. Immutable, as in SageMaker."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="models")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=63)
    containers = models.JSONField(help_text="SageMaker ContainerDefinition objects, in pipeline order.")
    execution_role_arn = models.CharField(max_length=2048, blank=True)
    arn = models.CharField(max_length=2048, blank=True)
    description = models.CharField(max_length=200, blank=True)
    registered_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    default_preset = models.ForeignKey(
        "jobs.Preset",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The preset with which Run begins.",
    )
    archives = models.JSONField(
        default=list, help_text="The findings in each container's archive, when it was last checked."
    )
    archives_checked_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamQuerySet[RegisteredModel]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "name"], name="model_name_once_per_connection")
        ]
        indexes: ClassVar = [models.Index(fields=["team", "-id"], name="model_team_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def _first(self) -> dict[str, Any]:
        return self.containers[0] if self.containers else {}

    @property
    def image(self) -> str:
        """The first container's image URI, which is the only one but for pipelines."""
        return str(self._first.get("Image", ""))

    @property
    def model_data(self) -> str:
        """The first container's model archive, as an s3:// URI; empty when there is none."""
        return str(self._first.get("ModelDataUrl", ""))

    @property
    def env(self) -> dict[str, str]:
        """The first container's environment."""
        return dict(self._first.get("Environment", {}))

    @property
    def is_pipeline(self) -> bool:
        """Whether requests pass through more than one container."""
        return len(self.containers) > 1
