"""What is kept of the reading of outputs: figures of all rows, and the names that a model's columns have."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models import Connection, Preset, TransformJob
from teams.models import User


class OutputReading(models.Model):
    """The figures of a job's output rows, or of those that match a filter. A worker reads them, some files at a time.

    It is void if the job has ended again since, as by a further attempt.
    """

    job = models.ForeignKey(TransformJob, on_delete=models.CASCADE, related_name="output_readings")
    filter = models.CharField(max_length=500, blank=True, help_text="An expression; empty for all rows.")
    job_ended_at = models.DateTimeField(
        null=True, help_text="The end of the job's last attempt when it began."
    )
    position = models.PositiveIntegerField(default=0, help_text="Planned objects before it are read.")
    row = models.PositiveBigIntegerField(default=1, help_text="The next row of the object at the position.")
    bytes_of_file = models.BigIntegerField(default=0, help_text="Bytes read of the object at the position.")
    bytes_read = models.BigIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Files that could not be read to their end.")
    files = models.PositiveIntegerField(default=0, help_text="Files read, wholly or in part.")
    rows = models.PositiveBigIntegerField(default=0, help_text="Rows read.")
    matches = models.PositiveBigIntegerField(default=0, help_text="Rows that match the filter.")
    columns = models.JSONField(default=list, help_text="The figures of each column of the matching rows.")
    is_sampled = models.BooleanField(default=False, help_text="Whether rows were left out for their number.")
    note = models.TextField(blank=True, help_text="What was not read, and why.")
    checks = models.JSONField(default=list, help_text="The outcome of each output check.")
    try_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "filter"], name="output_reading_once_per_filter")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["try_at"], name="output_reading_due", condition=models.Q(finished_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"outputs of {self.job_id}"

    @property
    def matching_share(self) -> float:
        """The part of the rows that match the filter."""
        return self.matches / self.rows if self.rows else 0.0


class ColumnNames(models.Model):
    """The names of the columns of a model's inputs and outputs that have no header, as a person gave them."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="column_names")
    model_name = models.CharField(max_length=63)
    input = models.JSONField(default=list, help_text="Names in the order of the columns.")
    output = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "model_name"], name="column_names_once_per_model")
        ]

    def __str__(self) -> str:
        return self.model_name


class Measure(models.TextChoices):
    """What an output check looks at."""

    NULLS = "nulls", "Share without a value"
    RANGE = "range", "Range of the numbers"
    DRIFT = "drift", "Drift against earlier runs"
    ROWS = "rows", "Number of rows"


class OnMiss(models.TextChoices):
    """What becomes of a job that misses an output check."""

    WARN = "warn", "completes with warnings"
    HOLD = "hold", "is held until a person decides"


class OutputCheck(models.Model):
    """What the outputs of a model's jobs must be like. A job that misses it has a warning, or is held.

    With a `preset` it is about the jobs of this preset alone. `low` and `high` are the limits; of a share and of drift
    only `high` counts, as a part of 1.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="output_checks")
    model_name = models.CharField(max_length=63)
    preset = models.ForeignKey(Preset, null=True, on_delete=models.CASCADE, related_name="output_checks")
    measure = models.CharField(max_length=8, choices=Measure.choices)
    column = models.CharField(max_length=80, blank=True, help_text="Its name; the first column if empty.")
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    runs = models.PositiveSmallIntegerField(
        default=5, help_text="Earlier runs that drift is measured against."
    )
    on_miss = models.CharField(max_length=4, choices=OnMiss.choices, default=OnMiss.WARN)
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["connection", "model_name"], name="output_check_of_model")]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The check as a sentence without its end."""
        column = f"“{self.column}”" if self.column else "The first column"
        if self.measure == Measure.NULLS:
            return f"{column} has at most {(self.high or 0) * 100:g} % without a value"
        if self.measure == Measure.RANGE:
            return f"{column} is {self._limits}"
        if self.measure == Measure.DRIFT:
            return f"{column} moves by at most {(self.high or 0) * 100:g} % against the last {self.runs} runs"
        return f"The rows are {self._limits}"

    @property
    def _limits(self) -> str:
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low is not None else f"at most {self.high or 0:g}"
