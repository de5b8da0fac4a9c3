"""The line of waiting jobs: whose turn it is, and what the others wait for.

Higher priority comes first, then the older job. Jobs of the same instance type keep that order; a job of
another type may pass one whose type is used up. Teams that share an account take turns. Places are counted when
somebody looks: nothing is written to the rows of a line because it moved, however long it is.
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

#: What the row of a job says that was tried before its turn; `waiting_reasons` says more.
ITS_TURN = "Waiting for its turn."
#: As long at most is a job put off.
LONGEST_PAUSE = timedelta(minutes=18)
#: Of each instance type, so many of the first jobs are looked at: more do not start in one round.
_HEADS = 100
_ORDER = (F("priority").desc(), F("id").asc())


def is_turn(job: TransformJob, connection: Connection) -> bool:
    """Whether this waiting job may be started now. Ask with the connection's place locked."""
    if not _due(job):
        return False
    there = empty_rooms([connection])
    lacking = _line().filter(lacks_capacity=True, **_alike(job))
    if not there[connection.pk].has_limits(job) and not lacking.exists():
        return True
    count(there)
    return any(found.pk == job.pk for found in _next(there, _HEADS * len(there)))


def next_in_line(connection: Connection, most: int) -> list[TransformJob]:
    """The jobs whose turn it is at the connection's place, at most so many, first in line first; three queries."""
    return _next(rooms([connection]), most)


def _next(there: dict[int, Room], most: int) -> list[TransformJob]:
    closed: set[tuple[int, str]] = set()
    used_up: set[str] = set()
    found: list[TransformJob] = []
    for job in fair_share.in_turns(_heads(there), there):
        room, line = there[job.connection_id], (job.connection_id, job.instance_type)
        if len(found) == most:
            break
        waits = line in closed or (job.instance_type in used_up and not job.fallback_instance_types)
        if waits or room.is_full() or room.too_large(job):
            continue
        short = room.shortage(job)
        if short:
            if short.of_account:
                used_up.add(job.instance_type)
            closed.add(line)
            continue
        if job.lacks_capacity:
            # Where SageMaker had no instance, one job of the type tries at a time, and the others keep their order.
            closed.add(line)
        if _due(job):
            room.take(job)
            found.append(job)
    return found


def try_sooner(connection: Connection, instance_types: Iterable[str]) -> None:
    """Let the first job that lacks an instance of each of these types try now: some were given back."""
    freed = set(instance_types)
    there = rooms([connection])
    lacking = (job for job in _heads(there) if job.lacks_capacity)
    first: dict[str, int] = {}
    for job in fair_share.in_turns(lacking, there):
        first.setdefault(job.instance_type, job.pk)
    due = [pk for instance_type, pk in first.items() if instance_type in freed]
    if due:
        rows = TransformJob.objects.filter(pk__in=due, state=JobState.WAITING)
        rows.update(next_attempt_at=timezone.now())


def waiting_reasons(jobs: Iterable[TransformJob]) -> dict[int, str]:
    """What each waiting job in line waits for, and its place, by row id; a few queries for all of them.

    The jobs' connections must be at hand. A job that was put off, for a reason of its own, is not among them.
    """
    waiting = [job for job in jobs if job.state == JobState.WAITING and _in_line(job)]
    if not waiting:
        return {}
    there = rooms({job.connection_id: job.connection for job in waiting}.values())
    places = _places(waiting)
    shared = _shared_places(waiting, there)
    reasons = {}
    for job in waiting:
        whole, of_type = places.get(job.pk, (1, 1))
        turns = shared.get(job.pk)
        reasons[job.pk] = _reason(job, there[job.connection_id], whole, turns or of_type, turns=bool(turns))
    return reasons


def _line() -> QuerySet[TransformJob]:
    """Waiting jobs, without those that were put off for another reason than their type."""
    due = Q(next_attempt_at=None) | clock.due("next_attempt_at", LONGEST_PAUSE) | Q(lacks_capacity=True)
    return TransformJob.objects.filter(due, state=JobState.WAITING)


def _in_line(job: TransformJob) -> bool:
    return job.lacks_capacity or _due(job)


def _due(job: TransformJob) -> bool:
    return job.next_attempt_at is None or clock.is_due(job.next_attempt_at, LONGEST_PAUSE)


def _alike(job: TransformJob) -> dict[str, object]:
    return {"connection": job.connection_id, "instance_type": job.instance_type}


def _heads(there: dict[int, Room]) -> list[TransformJob]:
    """The first waiting jobs of each connection and type, by priority and age."""
    number = Window(RowNumber(), partition_by=["connection_id", "instance_type"], order_by=_ORDER)
    rows = _line().filter(connection__in=list(there)).annotate(number=number).filter(number__lte=_HEADS)
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


def _shared_places(jobs: list[TransformJob], there: dict[int, Room]) -> dict[int, int]:
    """The place of each job among those of its type of all teams, if it waits for a quota these share; one query."""
    waiting = [job for job in jobs if there[job.connection_id].waits_for_shared_quota(job)]
    if not waiting:
        return {}
    places = {id(there[job.connection_id].place) for job in waiting}
    wanted = [pk for pk, room in there.items() if id(room.place) in places]
    line = _line().filter(connection__in=wanted).order_by(*_ORDER)
    fields = ("id", "connection_id", "instance_type", "instance_count")
    ranks = fair_share.ranks(line.only(*fields), there)
    return {job.pk: ranks[job.pk] for job in waiting if job.pk in ranks}


def _reason(job: TransformJob, room: Room, whole: int, of_type: int, *, turns: bool) -> str:
    impossible = room.too_large(job)
    if impossible:
        return impossible
    if room.is_full():
        return f"{room.say_full()}; {ordinal(whole)} in line."
    short = room.shortage(job)
    if short:
        teams = ", as teams take turns" if turns else ""
        return f"{room.say(short, job)}; {ordinal(of_type)} in line{teams}."
    if job.lacks_capacity:
        return f"{job.state_reason.rstrip('.')}; {ordinal(of_type)} in line."
    if of_type > 1 and job.waits_for == WaitsFor.TURN:
        return f"Behind other {job.instance_type} jobs on {job.connection.name}; {ordinal(of_type)} in line."
    return job.state_reason


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 1,021st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
