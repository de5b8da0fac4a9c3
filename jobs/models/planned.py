"""The objects of a job's input when the job was created; one row each, up to a limit."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jobs.models.job import TransformJob
from transform.record_places import RecordPlace, parse_place


class PlannedObject(models.Model):
    """An input object and the key of its output."""

    #: The most rows for a job. The totals in the job's row count all objects.
    LIMIT = 10_000

    job = models.ForeignKey(TransformJob, on_delete=models.CASCADE, related_name="planned")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=1024)
    size = models.BigIntegerField(null=True, help_text="Bytes; unknown for a manifest's entries.")
    etag = models.CharField(
        max_length=80,
        default="",
        help_text="Empty for a manifest's entries, and in plans from before there was this column.",
    )
    output_key = models.CharField(max_length=2048)
    done = models.BooleanField(default=False)
    written_at = models.DateTimeField(
        null=True, help_text="When S3 has its output from; unknown in rows from before there was this column."
    )
    rows_in = models.BigIntegerField(null=True, help_text="Rows of the input; unknown until compared.")
    rows_out = models.BigIntegerField(null=True, help_text="Rows of its output.")
    #: Begins with the place of the records if it is known, as in "record 12, line 13: ClientError: 400".
    error = models.CharField(
        max_length=300, default="", help_text="The error in the data log, for an object without an output."
    )

    class Meta:
        ordering: ClassVar = ["job", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "position"], name="planned_position_once_per_job")
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def error_place(self) -> RecordPlace | None:
        """The records of the request that failed; None if the data log does not name them."""
        return parse_place(self.error.partition(": ")[0])

    @property
    def error_text(self) -> str:
        """The error without the place of the records."""
        place, _, text = self.error.partition(": ")
        return text if parse_place(place) else self.error
