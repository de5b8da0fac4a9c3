"""Rows for pages and the API; every function starts from a team or from one of its rows.

The number of SQL queries does not depend on the number of rows that a list shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from failures import cause_named
from jobs.filtering import FilterError, JobFilter
from jobs.keyset import rows_after
from jobs.models import (
    Connection,
    ContainerImage,
    DaySum,
    Dimension,
    JobEvent,
    PlannedObject,
    RegisteredModel,
    RowComparison,
    TransformJob,
)
from jobs.models.attempts import Merged, attempts, job_version, merged, settle
from jobs.models.day_sum import NO_DAY, begin_of, next_month
from jobs.models.job import JobQuerySet
from jobs.models.scoped import TeamQuerySet
from jobs.models.standing import whole
from jobs.states import TRIALS, JobState
from teams.models import Team, User

__all__ = ["Merged", "attempts", "job_version", "merged", "settle", "whole"]


def jobs(team: Team, job_filter: JobFilter | None = None) -> JobQuerySet:
    """The team's jobs that match, newest first, with their connection, model and submitter.

    Without a filter, all jobs, archived ones too.
    """
    rows = (
        TransformJob.objects.for_team(team)
        .select_related("connection", "model", "submitted_by", "parent", "root")
        .order_by("-created_at", "-id")
    )
    return rows if job_filter is None else job_filter.narrow(rows, team)


#: The number of latest jobs whose inputs are offered again.
_LATEST = 100


def recent_inputs(team: Team, limit: int = 5) -> list[str]:
    """Distinct input addresses of the team's latest jobs, the latest first."""
    rows = TransformJob.objects.for_team(team).filter(root=None).exclude(origin__in=TRIALS)
    used = rows.order_by("-created_at", "-id").values_list("spec__data", flat=True)[:_LATEST]
    # A clone of an attempt that finished another one reads the manifest that was written for that attempt.
    return list(dict.fromkeys(uri for uri in used if uri and "/.batchdeck/" not in uri))[:limit]


def last_completed(model: RegisteredModel) -> TransformJob | None:
    """The team's latest job that completed with the model; None without one."""
    rows = TransformJob.objects.filter(
        team=model.team_id,
        model_name=model.name,
        connection=model.connection_id,
        root=None,
        overall_state=JobState.COMPLETED,
    )
    return rows.order_by("-created_at", "-id").first()


def model_in_hand(team: Team, user: User) -> RegisteredModel | None:
    """The model that the person used last, or the newest model if it was registered later; None without models."""
    newest = models(team).first()
    last = jobs(team).filter(submitted_by=user).first()
    if newest is None or last is None or last.model_id is None or last.created_at < newest.created_at:
        return newest
    return models(team).filter(pk=last.model_id).first() or newest


def timeline(job: TransformJob) -> list[JobEvent]:
    """The changes of state of the job and its further attempts, and the notes between them, oldest first."""
    events = JobEvent.objects.filter(Q(job=job) | Q(job__root=job))
    return list(events.select_related("by", "job").order_by("id"))


@dataclass(frozen=True, slots=True)
class Rows:
    """The comparison of rows of a job's inputs and outputs: numbers of files, and a note why others were not compared.

    `pending` is whether a worker has files left to compare.
    """

    compared: int
    differ: int
    pending: bool
    note: str


def rows(job: TransformJob) -> Rows | None:
    """The comparison of the job's rows; None if there is none, or only one of a later attempt."""
    comparison = RowComparison.objects.filter(job=job).first()
    if comparison is None:
        return None
    is_compared = Q(rows_in__isnull=False)
    counts = job.planned.aggregate(
        compared=Count("id", filter=is_compared),
        differ=Count("id", filter=is_compared & ~Q(rows_in=F("rows_out"))),
    )
    return Rows(counts["compared"], counts["differ"], comparison.finished_at is None, comparison.note)


def rows_pending(job: TransformJob) -> bool:
    """Whether a worker has rows left to compare of the job, or of a later attempt at it."""
    return RowComparison.objects.filter(Q(job=job) | Q(job__root=job), finished_at=None).exists()


def rows_differing(job: TransformJob) -> QuerySet[PlannedObject]:
    """The job's input objects whose number of rows differs from that of their outputs."""
    compared_files = job.planned.filter(rows_in__isnull=False, rows_out__isnull=False)
    return compared_files.exclude(rows_in=F("rows_out")).order_by("position")


@dataclass(slots=True)
class Failures:
    """The jobs that failed for one cause: their number, the first and the last end, and the number by model.

    The logs of `unread` jobs are still to be read, which may show another cause.
    """

    cause: str
    count: int
    first: datetime | None
    last: datetime | None
    models: dict[str, int]
    unread: int = 0

    @property
    def title(self) -> str:
        """The title of the cause."""
        return cause_named(self.cause).title


def failures(rows: JobQuerySet, *, count_unread: bool = True) -> list[Failures]:
    """The failed and refused jobs of `rows` by cause, the most frequent first; two queries, one without unread logs."""
    failed = rows.order_by().filter(~Q(overall_cause=""))
    by_cause = _by_cause(failed.values_list("overall_cause", "model_name").annotate(**_OF_CAUSE))
    return _with_unread(by_cause, failed if count_unread else rows.none())


def failures_matching(team: Team, job_filter: JobFilter) -> list[Failures]:
    """The failed and refused jobs that match, by cause; trials count only if the filter names them.

    Without any filter they are read from the sums by day.
    """
    if not job_filter.values:
        return _failures_of_team(team)
    rows = jobs(team, job_filter)
    return failures(rows if "trial" in job_filter.values else rows.exclude(origin__in=TRIALS))


def _failures_of_team(team: Team) -> list[Failures]:
    """What `failures` finds of all jobs of the team that are neither trials nor archived; three queries."""
    sums = DaySum.objects.for_team(team).filter(dimension=Dimension.CAUSE).order_by()
    has_day = ~Q(day=NO_DAY)
    by_model = sums.values("value", "model_name").annotate(
        number=Sum("failures"), first=Min("day", filter=has_day), last=Max("day", filter=has_day)
    )
    counted = list(
        by_model.filter(number__gt=0).values_list("value", "model_name", "number", "first", "last")
    )
    failed = jobs(team, JobFilter(trial="false")).order_by().filter(~Q(overall_cause=""))
    by_cause = _by_cause((cause, model, count, None, None) for cause, model, count, _, _ in counted)
    months = {month for _, _, _, first, last in counted for month in (first, last) if month}
    # The exact times of the first and the last end are those of jobs of these months.
    of_months = [
        Q(overall_ended_at__gte=begin_of(month), overall_ended_at__lt=begin_of(next_month(month)))
        for month in months
    ]
    if of_months:
        times = failed.filter(reduce(or_, of_months)).values_list("overall_cause")
        for cause, first, last in times.annotate(Min("overall_ended_at"), Max("overall_ended_at")):
            if cause in by_cause:
                by_cause[cause].first, by_cause[cause].last = first, last
    return _with_unread(by_cause, failed)


_OF_CAUSE = {"count": Count("*"), "first": Min("overall_ended_at"), "last": Max("overall_ended_at")}


def _by_cause(counted: Iterable[tuple[Any, ...]]) -> dict[str, Failures]:
    """Failures by cause from rows of cause, model, number, first and last end."""
    by_cause: dict[str, Failures] = {}
    for cause, model, count, first, last in counted:
        group = by_cause.setdefault(cause, Failures(cause, 0, first, last, {}))
        group.count += count
        group.first = min(filter(None, (group.first, first)), default=None)
        group.last = max(filter(None, (group.last, last)), default=None)
        group.models[model] = count
    return by_cause


def _with_unread(by_cause: dict[str, Failures], failed: JobQuerySet) -> list[Failures]:
    """The failures in order, with the numbers of those among `failed` whose logs are still to be read."""
    unread = failed.filter(explain_at__isnull=False).values_list("overall_cause").annotate(Count("id"))
    for cause, count in unread:
        if cause in by_cause:
            by_cause[cause].unread = count
    for group in by_cause.values():
        group.models = dict(sorted(group.models.items(), key=lambda item: (-item[1], item[0])))
    return sorted(by_cause.values(), key=lambda group: (-group.count, group.cause))


#: Words for the orders of a list, and their columns; a minus before the word reverses the order.
SORTS = {"submitted": "created_at", "duration": "overall_duration", "name": "name"}
NEWEST = "-submitted"


def sort_of(text: str) -> str:
    """The order that a text names, NEWEST for an empty text; FilterError for an unknown word."""
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


#: Rows are counted up to this number; a longer list shows it with a plus.
COUNTED = 1000


def count(rows: QuerySet[Any]) -> int:
    """The number of rows, at most COUNTED + 1. Keeps the order of `rows`, for which there is an index."""
    return rows.values("id")[: COUNTED + 1].count()


def cost_sum(rows: JobQuerySet) -> Decimal | None:
    """What the jobs of `rows` that ended have cost, with all their attempts; None if no cost is known.

    For at most COUNTED rows: each is read.
    """
    values = rows.order_by().values_list("cost_usd", "joint_state", "joint__cost_usd")
    of_one_attempt = [cost for cost, joint_state, _ in values if joint_state is None and cost is not None]
    of_several = [
        Decimal(cost) for _, joint_state, cost in values if joint_state is not None and cost is not None
    ]
    return sum([*of_one_attempt, *of_several], Decimal(0)) if of_one_attempt or of_several else None


def jobs_version(team: Team) -> str:
    """A text for an ETag that changes whenever a job of the team does; one query."""
    row = TransformJob.objects.for_team(team).aggregate(newest=Max("id"), changed=Max("changed_at"))
    return f"{row['newest']}-{row['changed'].timestamp() if row['changed'] else 0}"


def models(team: Team, *, removed: bool = False) -> TeamQuerySet[RegisteredModel]:
    """The team's models, newest first, with their connection; with `removed` those of removed connections too."""
    rows = RegisteredModel.objects.for_team(team).select_related(
        "connection", "registered_by", "default_preset"
    )
    return (rows if removed else rows.filter(connection__removed_at=None)).order_by("-id")


def connections(team: Team) -> TeamQuerySet[Connection]:
    """The team's connections by slug, without removed ones."""
    return Connection.objects.for_team(team).filter(removed_at=None).order_by("slug")


def images(regions: Collection[str]) -> list[ContainerImage]:
    """The SDK's inference images in these regions: regions and frameworks in order, newest version first."""
    rows = ContainerImage.objects.filter(region__in=regions)
    return list(rows.order_by("region", "framework", "-id"))
