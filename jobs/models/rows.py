"""How far the rows of a job's inputs have been held against those of its outputs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.job import TransformJob


class RowComparison(models.Model):
    """One for each ended job whose rows are to be compared; the rows found stand on its planned objects."""

    job = models.OneToOneField(TransformJob, on_delete=models.CASCADE, related_name="row_comparison")
    position = models.PositiveIntegerField(
        default=0, help_text="Planned objects before this one are done with."
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
