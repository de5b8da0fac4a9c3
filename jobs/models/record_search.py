"""Searches for the records of an object that a model does not take."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.models.guarded_moves import update_row
from jobs.models.job import TransformJob
from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User


class SearchState(models.TextChoices):
    """How far a search is. After RECORDS_FOUND a person may run the object without these records."""

    SEARCHING = "SEARCHING", "searching"
    RECORDS_FOUND = "FOUND", "found"
    RUNNING_REST = "REST", "running without them"
    COMPLETED = "COMPLETED", "written without them"
    NOT_FOUND = "NOT_FOUND", "no record fails by itself"
    FAILED = "FAILED", "failed"
    STOPPED = "STOPPED", "stopped"


#: The states in which a worker has something to do.
SEARCH_UNDER_WAY = (SearchState.SEARCHING, SearchState.RUNNING_REST)


def new_search_key() -> str:
    """A random id for addresses."""
    return secrets.token_hex(8)


class BadRecord(NamedTuple):
    """A record that fails by itself. `record` counts from 1 without empty lines, `line` with them; 0 if it has none."""

    record: int
    line: int
    reason: str


class RecordSearch(models.Model):
    """A search in one object of a job that ended: round after round, each a small job that tests parts of the object.

    A part is an object of that job: the records from a first to a last number. `step` is the job of the round, or the
    one that runs the object without its bad records; None until it is submitted.
    """

    key = models.CharField(max_length=16, unique=True, default=new_search_key)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(TransformJob, on_delete=models.CASCADE, related_name="searches")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    object_key = models.CharField(max_length=1024)
    output_key = models.CharField(max_length=2048)
    etag = models.CharField(max_length=80, help_text="Of the object when the search was begun.")
    bytes = models.BigIntegerField()
    place = models.CharField(max_length=1100, help_text="The s3:// folder with the parts and their outputs.")
    state = models.CharField(max_length=10, choices=SearchState.choices, default=SearchState.SEARCHING)
    problem = models.TextField(blank=True, help_text="Why it failed, or why its output was not written.")
    records = models.PositiveBigIntegerField(null=True, help_text="Records of the object, once counted.")
    round = models.PositiveSmallIntegerField(default=0)
    most_rounds = models.PositiveSmallIntegerField()
    parts = models.JSONField(default=list, help_text="First and last record of each part of this round.")
    bad_records = models.JSONField(default=list, help_text="Record, line and reason of each that was found.")
    step = models.ForeignKey(TransformJob, null=True, on_delete=models.SET_NULL, related_name="+")
    bad_records_uri = models.CharField(
        max_length=1100, blank=True, help_text="The object with the records that were found."
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="Steps in a row that did not end.")
    try_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamQuerySet[RecordSearch]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "object_key"],
                condition=Q(state__in=SEARCH_UNDER_WAY),
                name="search_once_per_object",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["try_at"], condition=Q(state__in=SEARCH_UNDER_WAY), name="search_due")
        ]

    def __str__(self) -> str:
        return self.object_key

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has something to do."""
        return self.state in SEARCH_UNDER_WAY

    @property
    def bad(self) -> list[BadRecord]:
        """The records that were found, in order."""
        return [BadRecord(*values) for values in self.bad_records]

    def move(self, before: str, round_before: int, **values: Any) -> bool:
        """Write values if state and round are still these; whether they were."""
        return update_row(self, values, state=before, round=round_before)
