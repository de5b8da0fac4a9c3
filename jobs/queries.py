"""Reading rows for pages and the API; every function starts from a team.

The number of SQL queries does not depend on how many rows a list shows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet

from failures import cause_named
from jobs.filtering import FilterError, JobFilter
from jobs.keyset import rows_after
from jobs.models import (
    Connection,
    ContainerImage,
    JobEvent,
    PlannedObject,
    RegisteredModel,
    RowComparison,
    TransformJob,
)
from jobs.models.attempts import Merged, attempts, job_version, merged, settle
from jobs.models.job import JobQuerySet
from jobs.models.scoped import TeamQuerySet
from jobs.models.standing import whole
from jobs.states import JobState
from teams.models import Team, User

__all__ = ["Merged", "attempts", "job_version", "merged", "settle", "whole"]


def jobs(team: Team, job_filter: JobFilter | None = None) -> JobQuerySet:
    """The team's jobs, newest first, with the connection, model and submitter at hand.

    Without a filter, archived ones too.
    """
    rows = (
        TransformJob.objects.for_team(team)
        .select_related("connection", "model", "submitted_by", "parent", "root")
        .order_by("-created_at", "-id")
    )
    return rows if job_filter is None else job_filter.narrow(rows, team)


#: Of so many of the latest jobs the inputs are offered again.
_LATEST = 100


def recent_inputs(team: Team, limit: int = 5) -> list[str]:
    """Addresses that the team's latest jobs read, each once, the last one used first."""
    rows = TransformJob.objects.for_team(team).filter(root=None).order_by("-created_at", "-id")
    used = rows.values_list("spec__data", flat=True)[:_LATEST]
    # A clone of an attempt that finished another one reads the manifest that was written for that.
    return list(dict.fromkeys(uri for uri in used if uri and "/.batchdeck/" not in uri))[:limit]


def last_completed(model: RegisteredModel) -> TransformJob | None:
    """The latest job of the model's team that completed with it; None if none has."""
    rows = TransformJob.objects.filter(
        team=model.team_id,
        model_name=model.name,
        connection=model.connection_id,
        root=None,
        overall_state=JobState.COMPLETED,
    )
    return rows.order_by("-created_at", "-id").first()


def model_in_hand(team: Team, user: User) -> RegisteredModel | None:
    """The model that the person used last, or the newest where it was registered since; None if there is none."""
    newest = models(team).first()
    last = jobs(team).filter(submitted_by=user).first()
    if newest is None or last is None or last.model_id is None or last.created_at < newest.created_at:
        return newest
    return models(team).filter(pk=last.model_id).first() or newest


def timeline(job: TransformJob) -> list[JobEvent]:
    """The job's changes of state, and what was told between them, oldest first."""
    return list(job.events.select_related("by").order_by("id"))


@dataclass(frozen=True, slots=True)
class Rows:
    """How far the rows of a job's files were compared: how many files, in how many they differ, why no more.

    `pending` while a worker is still to compare some.
    """

    compared: int
    differ: int
    pending: bool
    note: str


def rows(job: TransformJob) -> Rows | None:
    """What is known of the job's rows; None where they are not compared at all, or by a later attempt only."""
    comparison = RowComparison.objects.filter(job=job).first()
    if comparison is None:
        return None
    known = Q(rows_in__isnull=False)
    counts = job.planned.aggregate(
        compared=Count("id", filter=known), differ=Count("id", filter=known & ~Q(rows_in=F("rows_out")))
    )
    return Rows(counts["compared"], counts["differ"], comparison.finished_at is None, comparison.note)


def rows_pending(job: TransformJob) -> bool:
    """Whether rows are still to be compared of the job, or of a later attempt at it."""
    return RowComparison.objects.filter(Q(job=job) | Q(job__root=job), finished_at=None).exists()


def rows_differing(job: TransformJob) -> QuerySet[PlannedObject]:
    """The job's input objects that were found to have another number of rows than their outputs."""
    known = job.planned.filter(rows_in__isnull=False, rows_out__isnull=False)
    return known.exclude(rows_in=F("rows_out")).order_by("position")


@dataclass(slots=True)
class Failures:
    """Jobs that failed for one cause: how many, when the first and the last ended, how many of which model.

    `unread` of them have a log that is still to be read, so that another cause may be found.
    """

    cause: str
    count: int
    first: datetime | None
    last: datetime | None
    models: dict[str, int]
    unread: int = 0

    @property
    def title(self) -> str:
        """The cause in a few words."""
        return cause_named(self.cause).title


def failures(rows: JobQuerySet) -> list[Failures]:
    """The failed and refused ones of `rows` by their cause, the most frequent first; two queries.

    There are no more of them than rules about failures.
    """
    failed = rows.order_by().filter(~Q(overall_cause=""))
    found: dict[str, Failures] = {}
    figures = {"count": Count("*"), "first": Min("overall_ended_at"), "last": Max("overall_ended_at")}
    by = ("overall_cause", "model_name")
    for cause, model, count, first, last in failed.values_list(*by).annotate(**figures):
        one = found.setdefault(cause, Failures(cause, 0, first, last, {}))
        one.count += count
        one.first = min(filter(None, (one.first, first)), default=None)
        one.last = max(filter(None, (one.last, last)), default=None)
        one.models[model] = count
    unread = failed.filter(explain_at__isnull=False).values_list("overall_cause")
    for cause, count in unread.annotate(Count("id")):
        if cause in found:
            found[cause].unread = count
    for one in found.values():
        one.models = dict(sorted(one.models.items(), key=lambda item: (-item[1], item[0])))
    return sorted(found.values(), key=lambda one: (-one.count, one.cause))


#: What a list is sorted by, and the column of it; a minus before the word turns the order round.
SORTS = {"submitted": "created_at", "duration": "overall_duration", "name": "name"}
NEWEST = "-submitted"


def sort_of(text: str) -> str:
    """The order that was asked for, NEWEST if none was; FilterError for a word that is none."""
    if text.removeprefix("-") not in {"", *SORTS}:
        words = ", ".join(f"{word}, -{word}" for word in SORTS)
        raise FilterError({"sort": [f"It must be one of {words}."]})
    return text if text.removeprefix("-") else NEWEST


def jobs_after(rows: JobQuerySet, sort: str, cursor: int | None, *, back: bool = False) -> JobQuerySet:
    """`rows` in the order of `sort`, those after the row with this id; with `back` those before it, nearest first."""
    column = SORTS[sort.removeprefix("-")]
    values = None
    if cursor is not None:
        value = TransformJob.objects.filter(pk=cursor).values_list(column, flat=True).first()
        if value is None:
            return rows.none()
        values = (value, cursor)
    return rows_after(rows, (column, "id"), values, descending=sort.startswith("-") != back)


#: Rows are counted up to this: a list of more says so with a plus, and is as fast.
COUNTED = 1000


def count(rows: QuerySet[Any]) -> int:
    """How many rows there are, up to one more than COUNTED; in the order of `rows`, in which an index finds them."""
    return rows.values("id")[: COUNTED + 1].count()


def jobs_version(team: Team) -> str:
    """A text that changes whenever any job of the team does: what an ETag is made from, in one query."""
    seen = TransformJob.objects.for_team(team).aggregate(newest=Max("id"), changed=Max("changed_at"))
    return f"{seen['newest']}-{seen['changed'].timestamp() if seen['changed'] else 0}"


def models(team: Team, *, removed: bool = False) -> TeamQuerySet[RegisteredModel]:
    """The team's models, newest first, with their connection at hand; if `removed` those of removed ones too."""
    rows = RegisteredModel.objects.for_team(team).select_related(
        "connection", "registered_by", "default_preset"
    )
    return (rows if removed else rows.filter(connection__removed_at=None)).order_by("-id")


def connections(team: Team) -> TeamQuerySet[Connection]:
    """The team's connections by slug, without those that were removed."""
    return Connection.objects.for_team(team).filter(removed_at=None).order_by("slug")


def images(regions: Collection[str]) -> list[ContainerImage]:
    """The SDK's inference images in these regions: regions and frameworks in order, newest version first."""
    rows = ContainerImage.objects.filter(region__in=regions)
    return list(rows.order_by("region", "framework", "-id"))
