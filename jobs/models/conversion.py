"""Conversions of Parquet files to text that batch transform can split."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.models.connection import Connection
from jobs.models.guarded_moves import update_row
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User

#: The longest address of an object: s3://, a bucket, a slash, a key.
_LONGEST_URI = 1100


class ConversionState(models.TextChoices):
    """How far a conversion is."""

    WAITING = "WAITING", "waiting"
    RUNNING = "RUNNING", "running"
    COMPLETED = "COMPLETED", "completed"
    FAILED = "FAILED", "failed"
    STOPPED = "STOPPED", "stopped"


class TextFormat(models.TextChoices):
    """What a Parquet file is converted to."""

    JSON_LINES = "jsonlines", "JSON Lines"
    CSV = "csv", "CSV"


#: The states in which a worker still has something to convert.
UNDER_WAY = (ConversionState.WAITING, ConversionState.RUNNING)


def new_conversion_key() -> str:
    """A random id for addresses."""
    return secrets.token_hex(8)


class Conversion(models.Model):
    """A Parquet file, or all below a prefix, that a worker converts file by file, some seconds at a time.

    `object_key` is the source file that is read; `upload_id`, `parts` and `rows_in_parts` say how much of it is in S3.
    A part ends with a row, so a worker goes on after the last part whatever became of the one before it.
    """

    key = models.CharField(max_length=16, unique=True, default=new_conversion_key)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="conversions")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="conversions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="conversions")
    source = models.CharField(max_length=_LONGEST_URI, help_text="An object, or the beginning of its keys.")
    is_folder = models.BooleanField(help_text="Whether all objects whose keys begin so are converted.")
    by_name = models.BooleanField(
        default=True, help_text="Whether Parquet files have such names, or are told by their first bytes."
    )
    output = models.CharField(max_length=_LONGEST_URI, help_text="An object, or a folder.")
    format = models.CharField(max_length=10, choices=TextFormat.choices)
    has_header = models.BooleanField(
        default=False, help_text="Whether the first line of CSV has the columns' names."
    )
    replace = models.BooleanField(default=False, help_text="Whether objects that are there may be replaced.")
    state = models.CharField(max_length=10, choices=ConversionState.choices, default=ConversionState.WAITING)
    problem = models.TextField(blank=True, help_text="Why it failed.")
    files = models.PositiveIntegerField(help_text="Parquet files when it was begun.")
    files_done = models.PositiveIntegerField(default=0)
    bytes = models.BigIntegerField(help_text="Their size.")
    bytes_done = models.BigIntegerField(default=0)
    bytes_of_file = models.BigIntegerField(
        default=0, help_text="Bytes of the file at `object_key`, by its rows."
    )
    rows = models.BigIntegerField(default=0, help_text="Rows of files that are done.")
    columns = models.JSONField(
        default=list, help_text="The columns of the first file, which all files of CSV have."
    )
    object_key = models.TextField(blank=True)
    etag = models.CharField(max_length=255, blank=True)
    upload_id = models.TextField(blank=True)
    parts = models.PositiveIntegerField(default=0)
    rows_in_parts = models.BigIntegerField(default=0)
    bytes_in_parts = models.BigIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Slices in a row that ended without a part."
    )
    try_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TeamQuerySet[Conversion]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "output"],
                condition=Q(state__in=UNDER_WAY),
                name="conversion_once_per_output",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["try_at"],
                condition=Q(state__in=UNDER_WAY) | ~Q(upload_id=""),
                name="conversion_due",
            ),
            models.Index(fields=["connection", "-id"], name="conversion_of_connection"),
        ]

    def __str__(self) -> str:
        return self.source

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended."""
        return self.state in UNDER_WAY

    @property
    def share(self) -> float:
        """The part of the bytes that is converted, 0 to 1."""
        bytes_done = self.bytes_done + self.bytes_of_file
        return min(1.0, bytes_done / self.bytes) if self.bytes else float(self.files_done >= self.files)

    @property
    def content_type(self) -> str:
        """The type of the output for a job's request."""
        return "text/csv" if self.format == TextFormat.CSV else "application/jsonlines"

    @property
    def as_input(self) -> dict[str, Any]:
        """The fields of a job's request that reads the output."""
        return {"data": self.output, "content_type": self.content_type, "split_type": "Line"}

    def move(self, before: tuple[str, ...], **values: Any) -> bool:
        """Write values if the state is still one of `before`; whether it was."""
        return update_row(self, values, state__in=before)
