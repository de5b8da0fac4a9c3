"""What the runs of schedules will cost, for the forecast of a month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfoNotFoundError

from jobs.models.day_sum import begin_of
from jobs.services.listing.forecast import PlannedCost
from schedules.lifecycle.times import times_of
from schedules.models import Schedule
from schedules.run_handlers import PastCosts, handler_of
from schedules.services.next_runs import MOST_SCHEDULES
from teams.models import Team
from transform.schedule_expressions import BadExpression

#: Runs that are counted one by one; if there are more, their number follows from how far apart these are.
MOST_COUNTED = 100


def planned_costs(team: Team, first: date, end: date, until: datetime) -> list[PlannedCost]:
    """The runs of each schedule up to `until` whose cost is known from runs between the days `first` and `end`."""
    rows = Schedule.objects.for_team(team).filter(next_run_at__lt=until).select_related("team")
    schedules = list(rows.order_by("next_run_at", "id")[:MOST_SCHEDULES])
    costs: dict[int, PastCosts] = {}
    for kind in {schedule.kind for schedule in schedules}:
        of_kind = [schedule for schedule in schedules if schedule.kind == kind]
        costs |= handler_of(kind).past_costs(of_kind, begin_of(first), begin_of(end))
    return [_planned(schedule, costs, until) for schedule in schedules if schedule.pk in costs]


def _planned(schedule: Schedule, costs: Mapping[int, PastCosts], until: datetime) -> PlannedCost:
    past = costs[schedule.pk]
    runs = count_runs(schedule, until)
    return PlannedCost(runs, Decimal(runs) * past.amount / past.runs, past.amount)


def count_runs(schedule: Schedule, until: datetime) -> int:
    """How many times the schedule has before `until`; 0 while it is paused, or for times that cannot be read."""
    if schedule.next_run_at is None or schedule.next_run_at >= until:
        return 0
    try:
        times = times_of(schedule)
    except (BadExpression, ZoneInfoNotFoundError):
        return 0
    counted = [schedule.next_run_at, *times.next_times(schedule.next_run_at, MOST_COUNTED)]
    if counted[-1] >= until or len(counted) <= MOST_COUNTED:
        return sum(at < until for at in counted)
    # Bounds of the schedule count as well.
    end = min(until, schedule.end_at) if schedule.end_at else until
    return round((end - counted[0]) / ((counted[-1] - counted[0]) / MOST_COUNTED))
