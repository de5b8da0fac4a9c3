"""The attempts at a job, and the outputs that they have written together."""

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
    """All attempts of a job, in order, and how many of its outputs they have written together.

    `plan` is the attempt whose plan lists the expected outputs. It and the counts are None where no plan is whole.
    """

    attempts: tuple[TransformJob, ...]
    plan: TransformJob | None = None
    total: int | None = None
    written: int | None = None

    @property
    def first(self) -> TransformJob:
        """The first attempt; its row stands for the whole job."""
        return self.attempts[0]

    @property
    def latest(self) -> TransformJob:
        """The last attempt."""
        return self.attempts[-1]

    @property
    def decisive(self) -> TransformJob:
        """The attempt whose state is the job's."""
        return decisive(self.attempts)

    @property
    def planned_by(self) -> TransformJob:
        """The first attempt that listed the input, in whole or in part; the first attempt if none did."""
        return next((job for job in self.attempts if job.objects_total is not None), self.first)

    @property
    def missing(self) -> int:
        """The number of outputs that no attempt has written; 0 if it is not known."""
        return (self.total or 0) - (self.written or 0)

    @property
    def is_active(self) -> bool:
        """Whether an attempt has not ended."""
        return any(job.is_active for job in self.attempts)

    @property
    def ran(self) -> bool:
        """Whether SageMaker ran an attempt to its end."""
        return any(job.state in RAN for job in self.attempts)

    @property
    def can_finish(self) -> bool:
        """Whether a further attempt could write missing outputs."""
        return self.ran and not self.is_active and self.missing > 0

    @property
    def is_whole(self) -> bool:
        """Whether several attempts together have written every output."""
        several = len(self.attempts) > 1 and not self.is_active
        return several and self.plan is not None and not self.missing

    @property
    def version(self) -> str:
        """A text that changes with every attempt's row and with the count."""
        return f"{[job_version(job) for job in self.attempts]}-{self.written}"

    def as_whole(self, job: TransformJob) -> TransformJob:
        """`job`, which is one of the attempts; for the first of several, a copy with the values of all attempts."""
        if job.root_id is not None or len(self.attempts) == 1:
            return job
        overall = copy(job)
        for name, value in standing(self.attempts, self.total, self.written).items():
            setattr(overall, name, value)
        return whole(overall)


def attempts(job: TransformJob) -> JobQuerySet:
    """All attempts of the job, in order."""
    chain = Q(pk=job.first_id) | Q(root=job.first_id)
    return TransformJob.objects.filter(chain).select_related("submitted_by", "connection").order_by("attempt")


def merged(job: TransformJob) -> Merged:
    """All attempts of the job, with their outputs counted against the first plan among them."""
    chain = tuple(attempts(job))
    plan = next((attempt for attempt in chain if attempt.objects_total is not None), None)
    if plan is None or not plan.plan_complete:
        return Merged(chain)
    rows = plan.planned.aggregate(known=Count("id"), written=Count("id", filter=Q(done=True)))
    if rows["known"] != plan.objects_total:
        return Merged(chain)
    return Merged(chain, plan, rows["known"], rows["written"])


def settle(job: TransformJob) -> None:
    """Write the state of all attempts together to the first attempt's row. A job of one attempt has no such state."""
    if job.root_id is None and job.joint_state is None:
        return
    with transaction.atomic():
        first = TransformJob.objects.select_for_update().get(pk=job.first_id)
        together = merged(first)
        values = standing(together.attempts, together.total, together.written)
        TransformJob.objects.filter(pk=first.pk).update(**values, changed_at=timezone.now())


def job_version(job: TransformJob) -> str:
    """A text that changes with the job's row."""
    return f"{job.key}-{job.state}-{job.changed_at.timestamp()}-{job.objects_done}-{job.state_reason}"
