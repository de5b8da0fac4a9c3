"""Trials: jobs on the first records of an input, and where these records were written."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.job import TransformJob


class TrialRun(models.Model):
    """What a job is a trial of: `request` is the job on all of the input, which was not submitted."""

    job = models.OneToOneField(TransformJob, on_delete=models.CASCADE, related_name="trial")
    request = models.JSONField(help_text="The request for all of the input, in the SDK's field names.")
    place = models.CharField(
        max_length=1100, help_text="The s3:// folder with the trial's input and output, and nothing else."
    )
    records = models.PositiveIntegerField(
        help_text="Records that it reads, without headers; objects without SplitType."
    )
    objects_count = models.PositiveIntegerField(help_text="Objects from which these records are.")
    bytes = models.BigIntegerField(help_text="Bytes of its input, as they are stored.")
    has_header = models.BooleanField(
        default=False, help_text="Whether the first line of its first object has names of columns."
    )
    is_short = models.BooleanField(
        default=False, help_text="Whether more records were to be read, but not within the bounds."
    )
    ready_at = models.DateTimeField(
        null=True, help_text="When the model was ready for the first record, by the job's log."
    )
    try_at = models.DateTimeField(
        default=timezone.now, help_text="When its objects are deleted at the earliest, once it is old."
    )
    removed_at = models.DateTimeField(null=True, help_text="When the objects in its place were deleted.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["try_at"], name="trial_to_remove", condition=models.Q(removed_at=None))
        ]

    def __str__(self) -> str:
        return self.place

    @property
    def unit(self) -> str:
        """What `records` counts."""
        is_split = self.request.get("split_type", "None") != "None"
        return ("record" if is_split else "object") + ("" if self.records == 1 else "s")

    @property
    def data(self) -> str:
        """The s3:// URI of the whole input."""
        return str(self.request.get("data", ""))
