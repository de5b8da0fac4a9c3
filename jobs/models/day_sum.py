"""Sums of jobs by day, so that costs, trends and failures of a long history read few rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import ClassVar

from django.db import models

from jobs.models.connection import Connection
from jobs.models.scoped import TeamQuerySet
from teams.models import Team


class Dimension(models.TextChoices):
    """What a row's jobs have in common, beside team and day."""

    MODEL = "model", "Model and connection"
    OWNER = "owner", "Who submitted them"
    INSTANCE_TYPE = "instance_type", "Instance type"
    TAG = "tag", "A tag with its value"
    CAUSE = "cause", "Cause of failure and model"


class DaySum(models.Model):
    """The sum of a team's jobs that ended on a day of UTC, or a change to it: rows with the same keys are added up.

    Triggers of the database add a row with `is_change` in the transaction that changes a job (`day_sum_sql`), and a
    worker merges it later (`lifecycle.summing`): writers never wait for one another, and a sum of rows is always right.
    Figures of attempts are of the day when the attempt ended, those of jobs of the day when the job with all attempts
    ended. Rows of a cause have the first day of the month, and leave out archived jobs, as the list does.
    """

    # Without constraints: the trigger's row of a job that is deleted may outlive its team.
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    dimension = models.CharField(max_length=16, choices=Dimension.choices)
    day = models.DateField()
    model_name = models.CharField(max_length=63, blank=True, help_text="Of the dimensions model and cause.")
    connection = models.ForeignKey(
        Connection,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Of the dimension model.",
    )
    value = models.TextField(
        blank=True, help_text="The user's id, the instance type, the tag as key=value, or the cause's slug."
    )
    is_change = models.BooleanField(default=False)

    # Of attempts that ran.
    attempts = models.BigIntegerField(default=0)
    ran = models.BigIntegerField(default=0, help_text="First attempts among them.")
    unpriced = models.BigIntegerField(default=0, help_text="Known time, but no price.")
    untimed = models.BigIntegerField(default=0, help_text="No cost, since the time is not known.")
    seconds = models.BigIntegerField(default=0, help_text="Billed seconds of all instances.")
    millionths = models.BigIntegerField(default=0, help_text="Known costs, in millionths of a US dollar.")
    priced = models.BigIntegerField(default=0, help_text="Completed, with known cost and number of records.")
    priced_millionths = models.BigIntegerField(default=0)
    priced_records = models.BigIntegerField(default=0)
    # Of jobs with all their attempts.
    completed = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    stopped = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(
        default=0, help_text="Failed or refused jobs; of the dimension cause alone."
    )

    objects: ClassVar[TeamQuerySet[DaySum]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["team", "dimension", "day"], name="day_sum_day"),
            models.Index(fields=["team", "dimension", "value", "day"], name="day_sum_value"),
            models.Index(
                fields=["team", "dimension", "day"],
                name="day_sum_changes",
                condition=models.Q(is_change=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension} {self.value or self.model_name} on {self.day}"


#: The day of failed jobs without a time of their end.
NO_DAY = date(1970, 1, 1)
#: The columns that rows with the same sum share.
KEYS = ("team_id", "dimension", "day", "model_name", "connection_id", "value")
#: The columns that are added up.
FIGURES = (
    "attempts",
    "ran",
    "unpriced",
    "untimed",
    "seconds",
    "millionths",
    "priced",
    "priced_millionths",
    "priced_records",
    "completed",
    "failed",
    "stopped",
    "rejected",
    "cancelled",
    "failures",
)


def begin_of(day: date) -> datetime:
    """When a day of UTC begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def next_month(month: date) -> date:
    """The first day of the month after this one's."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
