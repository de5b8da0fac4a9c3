"""The attempts at a job, and what they wrote together."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from jobs.models.job import JobQuerySet, TransformJob
from jobs.models.standing import decisive, standing, whole
from jobs.states import RAN


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
    def first(self) -> TransformJob:
        """The first attempt, whose row is the job's."""
        return self.attempts[0]

    @property
    def latest(self) -> TransformJob:
        """The last attempt."""
        return self.attempts[-1]

    @property
    def decisive(self) -> TransformJob:
        """The attempt that says how the job stands."""
        return decisive(self.attempts)

    @property
    def planned_by(self) -> TransformJob:
        """The first attempt that listed the input, in whole or in part; the first one if none did."""
        return next((one for one in self.attempts if one.objects_total is not None), self.first)

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

    def as_whole(self, job: TransformJob) -> TransformJob:
        """`job`, one of the attempts; if it is the first of several, a copy that stands as all of them do now."""
        if job.root_id is not None or len(self.attempts) == 1:
            return job
        overall = copy(job)
        for name, value in standing(self.attempts, self.total, self.written).items():
            setattr(overall, name, value)
        return whole(overall)


def attempts(job: TransformJob) -> JobQuerySet:
    """The first attempt and those that finish or repeat it, in order; only `job` where there are no others."""
    chain = Q(pk=job.first_id) | Q(root=job.first_id)
    return TransformJob.objects.filter(chain).select_related("submitted_by", "connection").order_by("attempt")


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


def settle(job: TransformJob) -> None:
    """Write on the first attempt's row how the job stands by all attempts; nothing to do for a job of one attempt."""
    if job.root_id is None and job.joint_state is None:
        return
    with transaction.atomic():
        first = TransformJob.objects.select_for_update().get(pk=job.first_id)
        together = merged(first)
        values = standing(together.attempts, together.total, together.written)
        TransformJob.objects.filter(pk=first.pk).update(**values, changed_at=timezone.now())


def job_version(job: TransformJob) -> str:
    """A text that changes whenever the job's row does."""
    return f"{job.key}-{job.state}-{job.changed_at.timestamp()}-{job.objects_done}-{job.state_reason}"
