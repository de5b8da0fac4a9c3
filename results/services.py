"""What a person asks of a job's outputs as a whole: their figures, and names for their columns."""

from __future__ import annotations

from django.db import transaction

from jobs import queries
from jobs.models import TransformJob
from jobs.services.errors import InvalidFields
from jobs.tasks import enqueue
from results.measuring import reading_of
from results.models import ColumnNames, OutputReading
from results.tasks import read_outputs
from teams import activity
from teams.models import User
from teams.names import trouble_with_name

#: Names of one side, and characters of each.
MOST_NAMES, LONGEST_NAME = 1000, 80


def figures_of(job: TransformJob, text: str = "") -> OutputReading | None:
    """The figures of all outputs of an ended job, or of the rows that match a filter. A worker makes them.

    None if the outputs have no rows to read. `job` may be any of its attempts. Raises BadFilter.
    """
    reading = reading_of(queries.merged(job).planned_by, text)
    if reading is not None and not reading.finished_at and not reading.files:
        enqueue(read_outputs, reading.pk)
    return reading


def name_columns(job: TransformJob, *, inputs: str, outputs: str, by: User) -> None:
    """Keep the names of the columns of the job's model, each side with commas. Raises InvalidFields."""
    values = {"input": _names("input", inputs), "output": _names("output", outputs)}
    with transaction.atomic():
        ColumnNames.objects.update_or_create(
            connection=job.connection, model_name=job.model_name, defaults=values
        )
        # The figures have the old names.
        OutputReading.objects.filter(job__connection=job.connection, job__model_name=job.model_name).delete()
        activity.record(job.team, by, "job.columns_named", job, detail=dict(values))


def _names(field: str, text: str) -> list[str]:
    """The names in a text with commas. Raises InvalidFields."""
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    if len(names) > MOST_NAMES:
        raise InvalidFields({field: [f"{len(names):,} names were given; at most {MOST_NAMES:,} can be."]})
    if any(not name for name in names):
        raise InvalidFields({field: [f"Name {names.index('') + 1} is empty; give each column a name."]})
    for number, name in enumerate(names, start=1):
        if trouble := trouble_with_name(name, LONGEST_NAME):
            raise InvalidFields({field: [f"Name {number}: {trouble}"]})
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidFields({field: [f"“{twice}” is given twice; names are different."]})
    return names
