"""Turns between teams that share an account or an engine: the one whose jobs take fewer instances there goes first.

Each team's own line keeps its order, by priority and age, so priorities count within a team only. A team that submits a
thousand jobs has one of them started, then waits behind the first job of a team that has none.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from jobs.lifecycle.queue.capacity import Room
from jobs.models import TransformJob

#: A place and a team.
_Line = tuple[int, int]


def in_turns(
    line: Iterable[TransformJob], there: dict[int, Room], *, all_start: bool = False
) -> Iterator[TransformJob]:
    """The jobs of a line, which come by priority and age, as teams take turns.

    What is taken of the rooms meanwhile counts; with `all_start` each job that comes out counts by itself.
    """
    lines: dict[_Line, deque[TransformJob]] = defaultdict(deque)
    for job in line:
        lines[_line_of(job, there)].append(job)
    if len(lines) == 1:
        yield from next(iter(lines.values()))
        return
    started: dict[_Line, int] = defaultdict(int)

    def share(own: _Line) -> tuple[int, int]:
        head = lines[own][0]
        taken = there[head.connection_id].place.of_teams[own[1]].of("")
        return taken + started[own], head.pk

    while lines:
        own = min(lines, key=share)
        job = lines[own].popleft()
        if not lines[own]:
            del lines[own]
        if all_start:
            started[own] += job.instance_count
        yield job


def ranks(line: Iterable[TransformJob], there: dict[int, Room]) -> dict[int, int]:
    """By job, its place among all jobs of its type that wait where it does."""
    lines: dict[tuple[int, str], list[TransformJob]] = defaultdict(list)
    for job in line:
        lines[id(there[job.connection_id].place), job.instance_type].append(job)
    return {
        job.pk: number
        for jobs in lines.values()
        for number, job in enumerate(in_turns(jobs, there, all_start=True), 1)
    }


def _line_of(job: TransformJob, there: dict[int, Room]) -> _Line:
    room = there[job.connection_id]
    return id(room.place), room.connection.team_id
