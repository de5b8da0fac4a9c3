"""A change of a model package's approval that somebody made here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jobs.models import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import ApiToken, Team, User


class Approval(models.TextChoices):
    """SageMaker's values of ModelApprovalStatus."""

    APPROVED = "Approved", "Approved"
    REJECTED = "Rejected", "Rejected"
    PENDING = "PendingManualApproval", "Waiting for approval"


class ApprovalChange(models.Model):
    """Append-only. A version that is registered here has one too, whose `before` is empty.

    A group that is created anew gives the numbers of its versions again: rows older than a version are not its own.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    group = models.CharField(max_length=63)
    number = models.PositiveIntegerField()
    before = models.CharField(max_length=32, blank=True)
    after = models.CharField(max_length=32, choices=Approval.choices)
    note = models.CharField(max_length=1024, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TeamQuerySet[ApprovalChange]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["connection", "group", "number", "-id"], name="approval_change_newest")
        ]

    def __str__(self) -> str:
        return f"{self.group} version {self.number}"
