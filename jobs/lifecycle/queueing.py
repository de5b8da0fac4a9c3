"""The line of waiting jobs: whose turn it is, and what the others wait for.

Higher priority comes first, then the older job. Jobs of the same instance type keep that order; a job of
another type may pass one whose type is used up. Places are counted when somebody looks: nothing is written
to the rows of a line because it moved, however long it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from jobs.models import Connection, TransformJob
from jobs.states import RUNNING, JobState

#: What the row of a job says that was tried before its turn; `tell` says more.
ITS_TURN = "Waiting for its turn."
#: Of each instance type, so many of the first jobs are looked at: more do not start in one round.
_HEADS = 100
_ORDER = (F("priority").desc(), F("id").asc())


@dataclass(slots=True)
class Usage:
    """What the jobs that run on a connection take of its limits."""

    connection: Connection
    jobs: int = 0
    instances: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, instance_type: str, count: int, jobs: int = 1) -> None:
        """Count jobs with so many instances together."""
        self.jobs += jobs
        self.instances[instance_type] += count

    def is_full(self) -> bool:
        """Whether no further job may run, of whatever type."""
        limit = self.connection.max_running
        return limit is not None and self.jobs >= limit

    def too_large(self, instance_type: str, count: int) -> str:
        """Why a job of this size can never start under these limits; empty if it can."""
        name = self.connection.name
        for limit, what in ((self._of_type(instance_type), instance_type), (self._of_all(), "instances")):
            if limit is not None and count > limit:
                return (
                    f"It needs {count} {what} and {name} may use {limit}. Raise the limit of {name}, or withdraw "
                    "the job and submit it with fewer instances."
                )
        return ""

    def shortage(self, instance_type: str, count: int) -> str:
        """What a job of this size waits for, as the beginning of a sentence; empty if there is room."""
        name, limit = self.connection.name, self.connection.max_running
        if limit is not None and self.jobs >= limit:
            return f"{self.jobs} of {limit} jobs running on {name}"
        for most, used, what in (
            (self._of_type(instance_type), self.instances.get(instance_type, 0), instance_type),
            (self._of_all(), sum(self.instances.values()), "instances"),
        ):
            if most is not None and used + count > most:
                needs = f", it needs {count}" if count > 1 else ""
                return f"{used} of {most} {what} in use on {name}{needs}"
        return ""

    def _of_type(self, instance_type: str) -> int | None:
        limit = self.connection.max_instances_per_type.get(instance_type)
        return None if limit is None else int(limit)

    def _of_all(self) -> int | None:
        return self.connection.max_instances


def is_turn(job: TransformJob, connection: Connection) -> bool:
    """Whether this waiting job may be started now. Ask with the connection's row locked."""
    if not _due(job):
        return False
    if not connection.is_limited and not _line().filter(lacks_capacity=True, **_alike(job)).exists():
        return True
    return any(found.pk == job.pk for found in next_in_line(connection, _HEADS))


def next_in_line(connection: Connection, most: int) -> list[TransformJob]:
    """The jobs whose turn it is, at most so many, first in line first; two queries."""
    used = usages([connection])[connection.pk]
    closed: set[str] = set()
    found: list[TransformJob] = []
    for job in _heads(connection):
        if used.is_full() or len(found) == most:
            break
        size = (job.instance_type, job.instance_count)
        if job.instance_type in closed or used.too_large(*size):
            continue
        if used.shortage(*size):
            closed.add(job.instance_type)
            continue
        if job.lacks_capacity:
            # Where SageMaker had no instance, one job of the type tries at a time, and the others keep their order.
            closed.add(job.instance_type)
        if _due(job):
            used.take(*size)
            found.append(job)
    return found


def try_sooner(connection: Connection, instance_types: Iterable[str]) -> None:
    """Let the first job that lacks an instance of each of these types try now: some were given back."""
    freed = set(instance_types)
    first = {job.instance_type: job.pk for job in reversed(_heads(connection)) if job.lacks_capacity}
    due = [pk for instance_type, pk in first.items() if instance_type in freed]
    if due:
        rows = TransformJob.objects.filter(pk__in=due, state=JobState.WAITING)
        rows.update(next_attempt_at=timezone.now())


def tell(jobs: Iterable[TransformJob]) -> None:
    """Write into each waiting job, in memory, what it waits for and its place; two queries for all of them.

    The jobs' connections must be at hand. What a job that was put off has heard from SageMaker stays.
    """
    waiting = [job for job in jobs if job.state == JobState.WAITING and _in_line(job)]
    if not waiting:
        return
    used = usages({job.connection_id: job.connection for job in waiting}.values())
    places = _places(waiting)
    for job in waiting:
        whole, of_type = places.get(job.pk, (1, 1))
        job.state_reason = _reason(job, used[job.connection_id], whole, of_type)


def usages(connections: Iterable[Connection]) -> dict[int, Usage]:
    """What runs on each connection; one query."""
    used = {connection.pk: Usage(connection) for connection in connections}
    rows = TransformJob.objects.filter(connection__in=list(used), state__in=RUNNING).order_by()
    counted = rows.values_list("connection_id", "instance_type").annotate(Count("id"), Sum("instance_count"))
    for pk, instance_type, jobs, instances in counted:
        used[pk].take(instance_type, instances, jobs)
    return used


def _line() -> QuerySet[TransformJob]:
    """Waiting jobs, without those that were put off for another reason than their type."""
    due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now()) | Q(lacks_capacity=True)
    return TransformJob.objects.filter(due, state=JobState.WAITING)


def _in_line(job: TransformJob) -> bool:
    return job.lacks_capacity or _due(job)


def _due(job: TransformJob) -> bool:
    return job.next_attempt_at is None or job.next_attempt_at <= timezone.now()


def _alike(job: TransformJob) -> dict[str, object]:
    return {"connection": job.connection_id, "instance_type": job.instance_type}


def _heads(connection: Connection) -> list[TransformJob]:
    number = Window(RowNumber(), partition_by="instance_type", order_by=_ORDER)
    rows = _line().filter(connection=connection).annotate(number=number).filter(number__lte=_HEADS)
    return list(rows.order_by(*_ORDER))


def _places(jobs: list[TransformJob]) -> dict[int, tuple[int, int]]:
    """The place of each job in its connection's line, and among the jobs of its type there."""
    numbered = _line().filter(connection__in={job.connection_id for job in jobs}).annotate(
        whole=Window(RowNumber(), partition_by="connection_id", order_by=_ORDER),
        of_type=Window(RowNumber(), partition_by=["connection_id", "instance_type"], order_by=_ORDER),
    )  # fmt: skip
    # The numbers must be given before rows are left out; a condition that names one is applied after them.
    wanted = Q(pk__in=[job.pk for job in jobs]) | Q(whole__lt=1)
    rows = numbered.filter(wanted).values_list("id", "whole", "of_type")
    return {pk: (whole, of_type) for pk, whole, of_type in rows}


def _reason(job: TransformJob, used: Usage, whole: int, of_type: int) -> str:
    size = (job.instance_type, job.instance_count)
    impossible = used.too_large(*size)
    if impossible:
        return impossible
    if used.is_full():
        return f"{used.shortage(*size)}; {ordinal(whole)} in line."
    short = used.shortage(*size)
    if short:
        return f"{short}; {ordinal(of_type)} in line."
    if job.lacks_capacity:
        return f"{job.state_reason.rstrip('.')}; {ordinal(of_type)} in line."
    if of_type > 1 and job.state_reason == ITS_TURN:
        return f"Behind other {job.instance_type} jobs on {job.connection.name}; {ordinal(of_type)} in line."
    return job.state_reason


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 1,021st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
