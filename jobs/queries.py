"""Reading rows for pages and the API; every function starts from a team.

The number of SQL queries does not depend on how many rows a list shows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from jobs.filtering import JobFilter
from jobs.models import Connection, ContainerImage, JobEvent, PlannedObject, RegisteredModel, TransformJob
from jobs.models.job import JobQuerySet
from jobs.models.scoped import TeamQuerySet
from jobs.states import ACTIVE, RAN, JobState
from teams.models import Activity, Team


def jobs(team: Team, wanted: JobFilter | None = None) -> JobQuerySet:
    """The team's jobs, newest first, with the connection, model and submitter at hand.

    Without a filter, archived ones too.
    """
    rows = (
        TransformJob.objects.for_team(team)
        .select_related("connection", "model", "submitted_by", "parent", "root")
        .order_by("-id")
    )
    if wanted is None:
        return rows
    return wanted.narrow(rows)


def attempts(job: TransformJob) -> JobQuerySet:
    """The first attempt and those that finish or repeat it, in order; only `job` where there are no others."""
    chain = Q(pk=job.first_id) | Q(root=job.first_id)
    return TransformJob.objects.filter(chain).select_related("submitted_by").order_by("attempt")


@dataclass(frozen=True, slots=True)
class Merged:
    """What all attempts of a job wrote together.

    `plan` is the attempt whose plan the outputs are held against; None, and no counts, where no attempt knows
    each of its inputs.
    """

    attempts: tuple[TransformJob, ...]
    plan: TransformJob | None = None
    total: int | None = None
    written: int | None = None

    @property
    def missing(self) -> int:
        """How many outputs no attempt has written, as far as it is known."""
        return (self.total or 0) - (self.written or 0)

    @property
    def is_active(self) -> bool:
        """Whether one of the attempts has work left."""
        return any(job.is_active for job in self.attempts)

    @property
    def ran(self) -> bool:
        """Whether SageMaker ran one of the attempts to its end."""
        return any(job.state in RAN for job in self.attempts)

    @property
    def can_finish(self) -> bool:
        """Whether a further attempt could write what is missing."""
        return self.ran and not self.is_active and self.missing > 0

    @property
    def is_whole(self) -> bool:
        """Whether several attempts together wrote every output."""
        several = len(self.attempts) > 1 and not self.is_active
        return several and self.plan is not None and not self.missing

    @property
    def version(self) -> str:
        """A text that changes whenever any attempt's row or the count does."""
        return f"{[job_version(job) for job in self.attempts]}-{self.written}"


def merged(job: TransformJob) -> Merged:
    """The attempts that `job` is one of, and their outputs against the first plan among them."""
    chain = tuple(attempts(job))
    plan = next((one for one in chain if one.objects_total is not None), None)
    if plan is None or not plan.plan_complete:
        return Merged(chain)
    rows = plan.planned.aggregate(known=Count("id"), written=Count("id", filter=Q(done=True)))
    if rows["known"] != plan.objects_total:
        return Merged(chain)
    return Merged(chain, plan, rows["known"], rows["written"])


def timeline(job: TransformJob) -> list[JobEvent]:
    """The job's changes of state, and what was told between them, oldest first."""
    return list(job.events.select_related("by").order_by("id"))


def planned(job: TransformJob, *, only_missing: bool = False) -> QuerySet[PlannedObject]:
    """The job's input objects in key order, up to `PlannedObject.LIMIT`; or only those without an output.

    Once the job has ended those without an output come first: they are what people look for.
    """
    rows = job.planned.order_by("position") if job.is_active else job.planned.order_by("done", "position")
    return rows.filter(done=False) if only_missing else rows


def state_counts(team: Team) -> dict[JobState, int]:
    """How many jobs are in each active state; ended ones are left out, as counting all history is slow."""
    rows = (
        TransformJob.objects.for_team(team)
        .filter(state__in=ACTIVE)
        .values_list("state")
        .annotate(n=Count("id"))
    )
    counts = {JobState(state): n for state, n in rows.order_by()}
    return {state: counts.get(state, 0) for state in JobState if state in ACTIVE}


#: Rows are counted up to this: a list of more says so with a plus, and is as fast.
COUNTED = 10_000


def count(rows: QuerySet[Any]) -> int:
    """How many rows there are, up to one more than COUNTED."""
    return rows.order_by().values("id")[: COUNTED + 1].count()


def jobs_version(team: Team) -> str:
    """A text that changes whenever any job of the team does: what an ETag is made from, in one query."""
    seen = TransformJob.objects.for_team(team).aggregate(newest=Max("id"), changed=Max("changed_at"))
    return f"{seen['newest']}-{seen['changed'].timestamp() if seen['changed'] else 0}"


def job_version(job: TransformJob) -> str:
    """A text that changes whenever the job's row does."""
    return f"{job.key}-{job.state}-{job.changed_at.timestamp()}-{job.objects_done}-{job.state_reason}"


def models(team: Team) -> TeamQuerySet[RegisteredModel]:
    """The team's models, newest first, with their connection at hand."""
    return (
        RegisteredModel.objects.for_team(team).select_related("connection", "registered_by").order_by("-id")
    )


def connections(team: Team) -> TeamQuerySet[Connection]:
    """The team's connections by slug."""
    return Connection.objects.for_team(team).order_by("slug")


def images(regions: Collection[str]) -> list[ContainerImage]:
    """The SDK's inference images in these regions: regions and frameworks in order, newest version first."""
    rows = ContainerImage.objects.filter(region__in=regions)
    return list(rows.order_by("region", "framework", "-id"))


def activity(team: Team, kind: str = "", object_id: str = "") -> list[Activity]:
    """The latest hundred things that people of the team did, newest first."""
    narrowed = Q(team=team)
    if kind:
        narrowed &= Q(object_kind=kind, object_id=object_id)
    return list(Activity.objects.filter(narrowed).select_related("user", "token").order_by("-id")[:100])
