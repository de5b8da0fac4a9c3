"""The columns of a job that say what was asked for, by whom: the next attempt copies every one of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from jobs.models.connection import Connection
from jobs.models.registered import RegisteredModel
from teams.models import Team, User


class JobOptions(models.Model):
    """What a person asks of Batchdeck about a job, beside the request that goes to SageMaker."""

    priority = models.SmallIntegerField(default=0, help_text="-10 to 10; higher ones start first.")
    fallback_instance_types = models.JSONField(
        default=list, help_text="Tried in turn after a lack of capacity."
    )
    max_retries = models.PositiveSmallIntegerField(
        default=0, help_text="How often it is submitted again after a failure that may pass."
    )
    deadline_minutes = models.PositiveIntegerField(
        null=True, help_text="Minutes after SageMaker accepted it when it is stopped."
    )
    max_idle_minutes = models.PositiveIntegerField(
        null=True, help_text="Minutes without output or log line after which it is stopped."
    )
    max_cost_usd = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, help_text="US dollars at which it is stopped."
    )

    class Meta:
        abstract = True


class JobRequest(JobOptions):
    """The request, its options, and where it came from. A column added here is copied to the next attempt."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="jobs")
    model = models.ForeignKey(RegisteredModel, null=True, on_delete=models.SET_NULL, related_name="jobs")
    model_name = models.CharField(max_length=63)
    spec = models.JSONField(help_text="The request in the SageMaker SDK's field names.")
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="jobs")
    preset = models.ForeignKey(
        "jobs.Preset", null=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    preset_used = models.JSONField(
        default=dict, help_text="The preset's slug, name, fields and locked fields at that time."
    )
    instance_type = models.CharField(
        max_length=64, blank=True, help_text="The type asked for now: the request's, or a fallback."
    )
    instance_count = models.PositiveIntegerField(default=1)

    #: Names of the columns that hold options.
    OPTIONS: ClassVar = tuple(field.name for field in JobOptions._meta.local_fields)

    class Meta:
        abstract = True

    def request_columns(self) -> dict[str, Any]:
        """The columns of another job that asks for the same, by attribute name (`team_id`)."""
        return {field.attname: getattr(self, field.attname) for field in JobRequest._meta.local_fields}
