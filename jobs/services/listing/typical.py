"""How long jobs of a model usually take, for lists and a job's page."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from statistics import median_low
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import OuterRef, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler

from jobs.models import RegisteredModel, TransformJob
from jobs.states import TRIALS, JobState

#: The latest completed jobs of a model whose median is typical, and the fewest that tell something.
LATEST, LEAST = 20, 3


class _Durations(Subquery):
    """The values of a subquery's only column `overall_duration`, with commas; NULL if there are none."""

    template = "(SELECT GROUP_CONCAT(overall_duration) FROM (%(subquery)s) latest)"
    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """The expression for PostgreSQL, which has another name for it."""
        template = "(SELECT STRING_AGG(overall_duration::text, ',') FROM (%(subquery)s) latest)"
        return self.as_sql(compiler, connection, template=template, **context)


def typical_seconds(jobs: Iterable[TransformJob]) -> dict[int, int]:
    """By model id, the median duration of the model's latest completed jobs; one query for all models.

    Models with fewer than LEAST completed jobs are left out.
    """
    ids = {job.model_id for job in jobs if job.model_id is not None}
    durations = latest_durations(ids, LATEST)
    return {pk: median_low(values) for pk, values in durations.items() if len(values) >= LEAST}


def latest_durations(ids: Collection[int], most: int, since: datetime | None = None) -> dict[int, list[int]]:
    """By model id, the durations of the model's latest completed jobs, submitted from `since` on, at most `most`.

    One query for all models; those without any are left out.
    """
    if not ids:
        return {}
    completed = TransformJob.objects.filter(
        model=OuterRef("pk"), root=None, overall_state=JobState.COMPLETED
    ).exclude(origin__in=TRIALS)
    if since is not None:
        completed = completed.filter(created_at__gte=since)
    latest = completed.order_by("-created_at", "-id").values("overall_duration")[:most]
    rows = RegisteredModel.objects.filter(pk__in=ids).order_by()
    texts = rows.annotate(durations=_Durations(latest)).values_list("pk", "durations")
    return {pk: [int(part) for part in text.split(",")] for pk, text in texts if text}


def add_typical(jobs: Iterable[TransformJob]) -> None:
    """Set `typical_seconds` of copies of jobs that were made to be shown."""
    jobs = list(jobs)
    by_model = typical_seconds(jobs)
    for job in jobs:
        job.typical_seconds = by_model.get(job.model_id) if job.model_id else None
