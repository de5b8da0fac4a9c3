"""The runs to come: of one schedule with the paths that they read and write, and of all of a team's schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from django.utils.timezone import localtime, now

from jobs.services.errors import InvalidFields
from schedules.lifecycle.preset_requests import request_at
from schedules.lifecycle.times import times_of
from schedules.models import Schedule
from schedules.models.schedule import PRESET
from schedules.models.scheduled_run import run_name
from schedules.run_handlers import TargetGone
from schedules.services.checking import FIELDS
from teams.models import Membership, Team
from transform.schedule_expressions import BadExpression

#: The number of runs that a preview shows.
PREVIEWED = 5
#: Stands for the part of a run's name that is not known before.
UNKNOWN_KEY = "xxxxxx"
DAYS = 7
#: A schedule with more times than this in a day is listed once instead of under each day.
OFTEN = 12
#: The schedules of the list of what comes next, those with the earliest time first.
MOST_SCHEDULES = 200


@dataclass(frozen=True, slots=True)
class NextRun:
    """A run to come: its time in the schedule's zone, and its paths; empty for what is not a preset."""

    at: datetime
    data: str = ""
    output_path: str = ""


@dataclass(slots=True)
class Day:
    """The runs to come on one day in the reader's zone, in order."""

    day: date
    runs: list[tuple[datetime, Schedule]] = field(default_factory=list)


@dataclass(slots=True)
class Calendar:
    """The runs of the next days, and the schedules that run too `often` to be listed under each day."""

    days: list[Day]
    often: list[Schedule]
    #: Schedules with a next time that are left out, as there are very many.
    left_out: int = 0


def next_times(schedule: Schedule, count: int = PREVIEWED) -> list[datetime]:
    """The schedule's first times from now on, in its zone; empty while it is paused."""
    if schedule.is_paused:
        return []
    return [at.astimezone(schedule.zone) for at in times_of(schedule).next_times(now(), count)]


def preview(schedule: Schedule, member: Membership | None = None) -> list[NextRun]:
    """The next runs of a schedule, which need not be saved, as if it were not paused.

    Raises InvalidFields by the schedule's fields: for what the preset cannot do with these paths, for a path that is
    locked for the member, and where two of the runs would write to the same place.
    """
    runs = []
    for at in times_of(schedule).next_times(now(), PREVIEWED):
        local_time = at.astimezone(schedule.zone)
        runs.append(
            NextRun(local_time, *_paths(schedule, local_time, member))
            if schedule.kind == PRESET
            else NextRun(local_time)
        )
    _check_places(schedule, runs)
    return runs


def _paths(schedule: Schedule, at: datetime, member: Membership | None) -> tuple[str, str]:
    try:
        request = request_at(schedule, at, run_name(at, UNKNOWN_KEY), member)
    except TargetGone as error:
        raise InvalidFields({"preset": [str(error)]}) from error
    except InvalidFields as error:
        raise InvalidFields(_by_own_field(schedule, error)) from error
    if request.preset.gone:
        raise InvalidFields({"preset": [request.preset.gone]})
    return request.spec.data, request.spec.output_path


def _by_own_field(schedule: Schedule, error: InvalidFields) -> dict[str, list[str]]:
    """The problems of a job by the schedule's fields; those of the preset's fields below `preset`."""
    problems: dict[str, list[str]] = {}
    for name, texts in error.fields.items():
        if name in FIELDS:
            problems.setdefault(name, []).extend(texts)
        else:
            problems.setdefault("preset", []).extend(f"Its {name}: {text}" for text in texts)
    return problems


def _check_places(schedule: Schedule, runs: Sequence[NextRun]) -> None:
    """Raise InvalidFields if two runs would write to the same folder and may not replace outputs."""
    if schedule.replace_outputs or schedule.incremental:
        return
    by_path: dict[str, NextRun] = {}
    for run in runs:
        earlier = by_path.setdefault(run.output_path, run)
        if run.output_path and earlier is not run:
            raise InvalidFields(
                {
                    "output_path": [
                        f"The runs of {earlier.at:%Y-%m-%d %H:%M} and {run.at:%Y-%m-%d %H:%M} would both write to "
                        f"{run.output_path}. Put {{run}} into it, or a date that differs, or let runs replace outputs."
                    ]
                }
            )


def calendar(team: Team) -> Calendar:
    """What the team's schedules run in the next DAYS days, by day in the reader's zone."""
    start = localtime(now())
    until = start + timedelta(days=DAYS)
    days = [Day(start.date() + timedelta(days=number)) for number in range(DAYS + 1)]
    by_date = {day.day: day for day in days}
    rows = Schedule.objects.for_team(team).filter(next_run_at__lte=until).select_related("preset")
    schedules = list(rows.order_by("next_run_at", "id")[: MOST_SCHEDULES + 1])
    left_out = rows.count() - MOST_SCHEDULES if len(schedules) > MOST_SCHEDULES else 0
    often = []
    for schedule in schedules[:MOST_SCHEDULES]:
        times = _times_until(schedule, until)
        if _is_often(times):
            often.append(schedule)
            continue
        for at in times:
            by_date[localtime(at).date()].runs.append((at, schedule))
    for day in days:
        day.runs.sort(key=lambda run: (run[0], run[1].name))
    return Calendar([day for day in days if day.runs], often, left_out)


def _times_until(schedule: Schedule, until: datetime) -> list[datetime]:
    """The schedule's times up to `until`; the first of them alone if they are too many to be listed."""
    assert schedule.next_run_at is not None
    try:
        times = times_of(schedule)
    except (BadExpression, ZoneInfoNotFoundError):
        return []
    following = [schedule.next_run_at, *times.next_times(schedule.next_run_at, OFTEN)]
    if not _is_often(following):
        following += times.next_times(following[-1], OFTEN * DAYS)
    return [at for at in following if at <= until]


def _is_often(times: Sequence[datetime]) -> bool:
    return len(times) > OFTEN and times[OFTEN] - times[0] <= timedelta(days=1)
