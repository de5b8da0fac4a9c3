"""Turns between teams that share an account or an engine: the team that uses the fewest instances there is next.

Within a team, jobs keep their order by priority and age. A team that submits a thousand jobs has one of them started,
then waits behind the first job of a team that has none running.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from jobs.lifecycle.queue.capacity import Room
from jobs.models import TransformJob

#: A place and a team.
_Line = tuple[int, int]


def in_turns(
    line: Iterable[TransformJob], rooms: dict[int, Room], *, all_start: bool = False
) -> Iterator[TransformJob]:
    """The jobs of `line`, which is in order of priority and age, as teams take turns.

    The caller adds started jobs to the rooms meanwhile; with `all_start` every job counts as started when it comes.
    """
    lines: dict[_Line, deque[TransformJob]] = defaultdict(deque)
    for job in line:
        lines[_line_of(job, rooms)].append(job)
    if len(lines) == 1:
        yield from next(iter(lines.values()))
        return
    started: dict[_Line, int] = defaultdict(int)

    def share(line_key: _Line) -> tuple[int, int]:
        head = lines[line_key][0]
        usage = rooms[head.connection_id].place.usage_of_teams[line_key[1]]
        return usage.of("") + started[line_key], head.pk

    while lines:
        line_key = min(lines, key=share)
        job = lines[line_key].popleft()
        if not lines[line_key]:
            del lines[line_key]
        if all_start:
            started[line_key] += job.instance_count
        yield job


def ranks(line: Iterable[TransformJob], rooms: dict[int, Room]) -> dict[int, int]:
    """For each job's id, its rank among the waiting jobs of its instance type at its place; from 1."""
    lines: dict[tuple[int, str], list[TransformJob]] = defaultdict(list)
    for job in line:
        lines[id(rooms[job.connection_id].place), job.instance_type].append(job)
    return {
        job.pk: number
        for jobs in lines.values()
        for number, job in enumerate(in_turns(jobs, rooms, all_start=True), 1)
    }


def _line_of(job: TransformJob, rooms: dict[int, Room]) -> _Line:
    room = rooms[job.connection_id]
    return id(room.place), room.connection.team_id
