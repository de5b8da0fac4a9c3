"""The comparison of the row counts of a job's files, and where rows begin in large files."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.job import TransformJob
from jobs.models.planned import PlannedObject


class RowComparison(models.Model):
    """The comparison for an ended job. The row counts are written to its planned objects."""

    job = models.OneToOneField(TransformJob, on_delete=models.CASCADE, related_name="row_comparison")
    position = models.PositiveIntegerField(
        default=0, help_text="Planned objects before this position are compared or skipped."
    )
    bytes_read = models.BigIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Files that could not be compared.")
    try_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text="Why not all rows were compared.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["try_at"], name="rows_due", condition=models.Q(finished_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"rows of {self.job_id}"


class RowIndex(models.Model):
    """Where rows begin in a large input or output, so that a far row is found by a short read."""

    planned = models.ForeignKey(PlannedObject, on_delete=models.CASCADE, related_name="row_indexes")
    side = models.CharField(max_length=6, choices=[("input", "input"), ("output", "output")])
    etag = models.CharField(max_length=80, help_text="The object's ETag; the index is void for another.")
    marks = models.BinaryField(help_text="Pairs of a row and a byte, as transform.rowmarks packs them.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["planned", "side"], name="row_index_once_per_object")
        ]

    def __str__(self) -> str:
        return f"{self.side} of {self.planned_id}"
