"""How the value of a filter narrows rows of jobs: functions of the rows, the value and the team's id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jobs.filtering.kinds import Moment, parse_states
from jobs.models import Connection, Preset
from jobs.models.job import JobQuerySet
from jobs.models.job_indexes import ATTENTION
from jobs.states import TRIALS
from teams.models import User

Narrow = Callable[[JobQuerySet, str, int], JobQuerySet]
#: How long after its end a job may need attention.
ATTENTION_FOR = timedelta(days=7)
#: Folders above a path that are looked for too; S3 keys seldom have more parts.
_DEPTH = 12


def by_column(column: str) -> Narrow:
    """Jobs that have the value in this column."""
    return lambda rows, value, team_id: rows.filter(**{column: value})


def by_time(column: str, lookup: str, kind: Moment) -> Narrow:
    """Jobs whose time in this column compares so with the value."""
    return lambda rows, value, team_id: rows.filter(**{f"{column}__{lookup}": kind.parse(value)})


def by_state(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs in these states; a text of commas alone narrows nothing."""
    states = parse_states(value)
    return rows.filter(overall_state__in=states) if states else rows


def by_owner(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs that the person with this user name submitted."""
    return _of_first(rows, "submitted_by", User.objects.filter(username=value))


def by_connection(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs on the team's connection with this slug, or on the removed one if there is no other."""
    connections = Connection.objects.filter(team_id=team_id, slug=value)
    return _of_first(rows, "connection", connections.order_by(F("removed_at").asc(nulls_first=True)))


def by_preset(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs that began with the team's preset of this slug."""
    return _of_first(rows, "preset", Preset.objects.filter(team_id=team_id, slug=value))


def by_deployment(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs of a deployment's stage, written as deployment/stage, or of all its stages."""
    if "/" in value:
        return rows.filter(deployment=value)
    return rows.filter(~Q(deployment=""), deployment__startswith=f"{value}/")


def by_attention(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs that a person should look at: see `ATTENTION`."""
    recent = timezone.now() - ATTENTION_FOR
    return rows.filter(ATTENTION, Q(overall_ended_at=None) | Q(overall_ended_at__gte=recent))


def by_name(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs with this part in their name. The search text has an index that the name alone has not."""
    return rows.filter(search_text__contains=value.lower()).filter(name__icontains=value)


def by_words(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs whose search text has each of these words."""
    for word in value.lower().split():
        rows = rows.filter(search_text__contains=word)
    return rows


def by_tag(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs with a tag of this key, or of this key and value if an equals sign is between them."""
    key, separator, tag_value = value.lower().partition("=")
    line = f"\n#{key.strip()}={tag_value.strip()}\n" if separator else f"\n#{key}="
    return rows.filter(search_text__contains=line)


def by_path(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs with an S3 address that begins with the value, or that is a folder above it."""
    address = value.lower()
    address = address if address.startswith("s3://") else f"s3://{address.lstrip('/')}"
    matches = Q(search_text__contains=f"\n{address}")
    folder = address
    for _ in range(_DEPTH):
        folder = folder.rstrip("/").rpartition("/")[0]
        if len(folder) <= len("s3://"):
            break
        matches |= Q(search_text__contains=f"\n{folder}\n") | Q(search_text__contains=f"\n{folder}/\n")
    return rows.filter(matches)


def by_origin(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Jobs made outside Batchdeck for "true", made here for "false"."""
    return rows.filter(external=value == "true")


def by_trial(rows: JobQuerySet, value: str, team_id: int) -> JobQuerySet:
    """Trials for "true", other jobs for "false"."""
    return rows.filter(origin__in=TRIALS) if value == "true" else rows.exclude(origin__in=TRIALS)


def by_null(column: str) -> Narrow:
    """Jobs with a value in this column for "true", all for "any", else those without."""
    return lambda rows, value, team_id: (
        rows if value == "any" else rows.filter(**{f"{column}__isnull": value != "true"})
    )


def _of_first(rows: JobQuerySet, column: str, targets: QuerySet[Any]) -> JobQuerySet:
    # The key is read first: with a number in the query, the database knows how many rows to expect, and reads them
    # in an index's order where they are many.
    pk = targets.values_list("pk", flat=True).first()
    return rows.none() if pk is None else rows.filter(**{column: pk})
