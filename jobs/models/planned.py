"""The input as it was when the job was created: one row for each object, up to a limit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jobs.models.job import TransformJob


class PlannedObject(models.Model):
    """An input object and the key its output will have."""

    #: Rows kept for a job; the job's own totals count all objects.
    LIMIT = 10_000

    job = models.ForeignKey(TransformJob, on_delete=models.CASCADE, related_name="planned")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=1024)
    size = models.BigIntegerField(null=True, help_text="Bytes; unknown for a manifest's entries.")
    etag = models.CharField(
        max_length=80,
        default="",
        help_text="Empty for a manifest's entries, and in plans made before it was kept.",
    )
    output_key = models.CharField(max_length=2048)
    done = models.BooleanField(default=False)
    rows_in = models.BigIntegerField(null=True, help_text="Rows of the input; unknown until compared.")
    rows_out = models.BigIntegerField(null=True, help_text="Rows of its output.")
    error = models.CharField(
        max_length=300, default="", help_text="What the data log said of it, of one without an output."
    )

    class Meta:
        ordering: ClassVar = ["job", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "position"], name="planned_position_once_per_job")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def rows_differ(self) -> bool:
        """Whether input and output were found to have different numbers of rows."""
        return self.rows_in != self.rows_out
