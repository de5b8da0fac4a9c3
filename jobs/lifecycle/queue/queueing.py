"""The line of waiting jobs: whose turn it is, and what the other jobs wait for.

Higher priority comes first, then the older job. Jobs of the same instance type keep that order; a job of another type
may pass a job whose type is used up. Teams that share an account take turns. Ranks are counted when a page or an API
answer shows them: no row is written because the line has moved, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from jobs import clock
from jobs.lifecycle.queue import fair_share
from jobs.lifecycle.queue.capacity import Room, count, empty_rooms, rooms
from jobs.models import Connection, TransformJob
from jobs.states import JobState, WaitsFor

#: The reason in the row of a job that was tried before its turn; `waiting_reasons` adds details.
ITS_TURN = "Waiting for its turn."
#: The longest pause before a job is tried again.
LONGEST_PAUSE = timedelta(minutes=18)
#: The most jobs of each connection and instance type that one round looks at.
_HEADS = 100
_ORDER = (F("priority").desc(), F("id").asc())


def is_turn(job: TransformJob, connection: Connection) -> bool:
    """Whether this waiting job may be started now. The caller has locked the connection's place."""
    if not _due(job):
        return False
    rooms_by_id = empty_rooms([connection])
    without_capacity = _line().filter(lacks_capacity=True, **_same_type(job))
    if not rooms_by_id[connection.pk].has_limits(job) and not without_capacity.exists():
        return True
    count(rooms_by_id)
    next_jobs = _next(rooms_by_id, _HEADS * len(rooms_by_id))
    return any(next_job.pk == job.pk for next_job in next_jobs)


def next_in_line(connection: Connection, most: int) -> list[TransformJob]:
    """At most `most` jobs whose turn it is at the connection's place, in order; three queries."""
    return _next(rooms([connection]), most)


def _next(rooms_by_id: dict[int, Room], most: int) -> list[TransformJob]:
    closed: set[tuple[int, str]] = set()
    used_up: set[str] = set()
    next_jobs: list[TransformJob] = []
    for job in fair_share.in_turns(_heads(rooms_by_id), rooms_by_id):
        room, line = rooms_by_id[job.connection_id], (job.connection_id, job.instance_type)
        if len(next_jobs) == most:
            break
        waits = line in closed or (job.instance_type in used_up and not job.fallback_instance_types)
        if waits or room.is_full() or room.too_large(job):
            continue
        shortage = room.shortage(job)
        if shortage:
            if shortage.of_account:
                used_up.add(job.instance_type)
            closed.add(line)
            continue
        if job.lacks_capacity:
            # After a lack of capacity one job of the type is tried at a time, and the others keep their order.
            closed.add(line)
        if _due(job):
            room.take(job)
            next_jobs.append(job)
    return next_jobs


def try_sooner(connection: Connection, instance_types: Iterable[str]) -> None:
    """Have the first job without capacity of each of these types tried now, as instances were given back."""
    freed_types = set(instance_types)
    rooms_by_id = rooms([connection])
    without_capacity = (job for job in _heads(rooms_by_id) if job.lacks_capacity)
    first_ids: dict[str, int] = {}
    for job in fair_share.in_turns(without_capacity, rooms_by_id):
        first_ids.setdefault(job.instance_type, job.pk)
    due = [pk for instance_type, pk in first_ids.items() if instance_type in freed_types]
    if due:
        rows = TransformJob.objects.filter(pk__in=due, state=JobState.WAITING)
        rows.update(next_attempt_at=timezone.now())


def waiting_reasons(jobs: Iterable[TransformJob]) -> dict[int, str]:
    """What each waiting job waits for and its rank, as a sentence by row id; a few queries for all.

    The jobs must have been read with their connections. Jobs that were put off for a reason of their own are left out.
    """
    waiting = [job for job in jobs if job.state == JobState.WAITING and _in_line(job)]
    if not waiting:
        return {}
    rooms_by_id = rooms({job.connection_id: job.connection for job in waiting}.values())
    ranks = _ranks(waiting)
    shared_ranks = _shared_ranks(waiting, rooms_by_id)
    reasons = {}
    for job in waiting:
        room, (rank, rank_of_type) = rooms_by_id[job.connection_id], ranks.get(job.pk, (1, 1))
        shared_rank = shared_ranks.get(job.pk)
        rank_shown = shared_rank or rank_of_type
        reasons[job.pk] = _reason(job, room, rank, rank_shown, takes_turns=bool(shared_rank))
    return reasons


def _line() -> QuerySet[TransformJob]:
    """Waiting jobs, without those that wait for a budget or were put off for another reason than a lack of capacity."""
    due = Q(next_attempt_at=None) | clock.due("next_attempt_at", LONGEST_PAUSE) | Q(lacks_capacity=True)
    return TransformJob.objects.filter(due, state=JobState.WAITING).exclude(waits_for=WaitsFor.BUDGET)


def _in_line(job: TransformJob) -> bool:
    return job.waits_for != WaitsFor.BUDGET and (job.lacks_capacity or _due(job))


def _due(job: TransformJob) -> bool:
    return job.next_attempt_at is None or clock.is_due(job.next_attempt_at, LONGEST_PAUSE)


def _same_type(job: TransformJob) -> dict[str, object]:
    return {"connection": job.connection_id, "instance_type": job.instance_type}


def _heads(rooms_by_id: dict[int, Room]) -> list[TransformJob]:
    """The first waiting jobs of each connection and type, by priority and age."""
    number = Window(RowNumber(), partition_by=["connection_id", "instance_type"], order_by=_ORDER)
    rows = _line().filter(connection__in=list(rooms_by_id)).annotate(number=number).filter(number__lte=_HEADS)
    return list(rows.order_by(*_ORDER))


def _ranks(jobs: list[TransformJob]) -> dict[int, tuple[int, int]]:
    """The rank of each job in its connection's line, and among the jobs of its type there; from 1."""
    numbered = _line().filter(connection__in={job.connection_id for job in jobs}).annotate(
        rank=Window(RowNumber(), partition_by="connection_id", order_by=_ORDER),
        rank_of_type=Window(RowNumber(), partition_by=["connection_id", "instance_type"], order_by=_ORDER),
    )  # fmt: skip
    # A condition on a rank makes the database filter after it has ranked all rows.
    is_of_jobs = Q(pk__in=[job.pk for job in jobs]) | Q(rank__lt=1)
    rows = numbered.filter(is_of_jobs).values_list("id", "rank", "rank_of_type")
    return {pk: (rank, rank_of_type) for pk, rank, rank_of_type in rows}


def _shared_ranks(jobs: list[TransformJob], rooms_by_id: dict[int, Room]) -> dict[int, int]:
    """The rank among all teams' jobs of its type, for each job that waits for a quota that teams share; one query."""
    waiting = [job for job in jobs if rooms_by_id[job.connection_id].waits_for_shared_quota(job)]
    if not waiting:
        return {}
    places = {id(rooms_by_id[job.connection_id].place) for job in waiting}
    connections = [pk for pk, room in rooms_by_id.items() if id(room.place) in places]
    line = _line().filter(connection__in=connections).order_by(*_ORDER)
    fields = ("id", "connection_id", "instance_type", "instance_count")
    ranks = fair_share.ranks(line.only(*fields), rooms_by_id)
    return {job.pk: ranks[job.pk] for job in waiting if job.pk in ranks}


def _reason(job: TransformJob, room: Room, rank: int, rank_of_type: int, *, takes_turns: bool) -> str:
    impossible = room.too_large(job)
    if impossible:
        return impossible
    if room.is_full():
        return f"{room.say_full()}; {ordinal(rank)} in line."
    shortage = room.shortage(job)
    if shortage:
        teams = ", as teams take turns" if takes_turns else ""
        return f"{room.say(shortage, job)}; {ordinal(rank_of_type)} in line{teams}."
    if job.lacks_capacity:
        return f"{job.state_reason.rstrip('.')}; {ordinal(rank_of_type)} in line."
    if rank_of_type > 1 and job.waits_for == WaitsFor.TURN:
        return f"Behind other {job.instance_type} jobs on {job.connection.name}; {ordinal(rank_of_type)} in line."
    return job.state_reason


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 1,021st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
