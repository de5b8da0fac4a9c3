"""Success, duration, cost and number of jobs over time, by what they have in common.

Without filters other than of the time the figures are read from the sums by day; with others, from the jobs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any

from django.db.models import F, Sum
from django.db.models.functions import Mod
from django.utils import timezone

from jobs import queries
from jobs.filtering import JobFilter, Moment
from jobs.models import DaySum, Dimension
from jobs.models.day_sum import begin_of, next_month
from jobs.models.job import JobQuerySet
from jobs.services.errors import InvalidFields
from jobs.services.listing.spending import dollars_of
from jobs.states import JobState
from teams.models import Team, User

UNITS = ("day", "week", "month")
#: What jobs are grouped by, and where the sums have it; the empty word puts all together.
GROUPS: dict[str, Dimension] = {
    "": Dimension.MODEL,
    "model": Dimension.MODEL,
    "owner": Dimension.OWNER,
    "connection": Dimension.MODEL,
    "instance_type": Dimension.INSTANCE_TYPE,
    "tag": Dimension.TAG,
}
#: Where a row of a job and of the sums has the value of a group.
_OF_JOB = {
    "": "root",
    "tag": "spec__tags",
    "model": "model_name",
    "owner": "submitted_by__username",
    "connection": "connection__slug",
}
#: Where the cost of a job with all its attempts is, and figures of the sums that count jobs by their end.
_COSTS = ("cost_usd", "joint_state", "joint__cost_usd")
_ENDS = ("completed", "failed", "stopped", "rejected", "cancelled")
_OF_SUM = {"model": "model_name", "connection": "connection__slug"}
#: Units that are shown if the filter names no times, the present one included.
_UNITS_BACK = {"day": 30, "week": 26, "month": 12}
#: The most points of a line, lines of a chart, and jobs that are read one by one.
MOST_POINTS, MOST_LINES, MOST_JOBS = 400, 6, 20_000
_TIMES = {"ended", "ended_until"}


@dataclass(slots=True)
class TrendPoint:
    """Jobs that ended in a time. Stopped, withdrawn and refused jobs are in `jobs`, but in neither of the next two.

    `millionths` of a dollar have been known costs; `seconds` are durations of completed jobs, all or a part of them.
    """

    jobs: int = 0
    completed: int = 0
    failed: int = 0
    millionths: int = 0
    seconds: list[int] = field(default_factory=list)

    @property
    def success(self) -> float | None:
        """The share of completed jobs among those that completed or failed, from 0 to 1; None without any."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else None

    @property
    def amount(self) -> Decimal:
        """Known costs in US dollars."""
        return dollars_of(self.millionths)

    @property
    def median(self) -> int | None:
        """The duration that half of the completed jobs stay below or reach."""
        return self._quantile(0.5)

    @property
    def p95(self) -> int | None:
        """The duration that 95 of 100 completed jobs stay below or reach."""
        return self._quantile(0.95)

    def add(self, point: TrendPoint) -> None:
        """Add another point's jobs."""
        self.jobs += point.jobs
        self.completed += point.completed
        self.failed += point.failed
        self.millionths += point.millionths
        self.seconds += point.seconds

    def _quantile(self, part: float) -> int | None:
        return sorted(self.seconds)[ceil(len(self.seconds) * part) - 1] if self.seconds else None


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one value of the group, by the first days of the units; `value` is None for jobs without one."""

    value: str | None
    points: list[TrendPoint]
    whole: TrendPoint


@dataclass(frozen=True, slots=True)
class Trends:
    """Lines over the same units of time, those with most jobs first.

    `starts` are first days of UTC, `end` is the day after the last. Of `every` so many jobs one gave its duration.
    """

    unit: str
    by: str
    starts: list[date]
    end: date
    lines: list[Line]
    left_out: int
    whole: TrendPoint
    every: int = 1

    def until(self, number: int) -> date:
        """The day after the unit of this number."""
        return [*self.starts, self.end][number + 1]


def read(team: Team, user: User, job_filter: JobFilter, unit: str = "day", by: str = "") -> Trends:
    """The trends of the jobs that match; whole days of UTC.

    InvalidFields names a time with too many points, or a filter that too many jobs match.
    """
    starts, end = _units(job_filter, unit)
    cells: dict[str | None, list[TrendPoint]] = defaultdict(lambda: [TrendPoint() for _ in starts])
    numbers = _number_of_day(starts, end)
    values = {name: value for name, value in job_filter.values.items() if name not in _TIMES}
    if values == {"archived": "any"}:
        for day, value, figures in _from_sums(team, by, starts[0], end):
            cells[value][numbers[day]].add(figures)
        every = max(1, ceil(_completed(team, starts[0], end) / MOST_JOBS))
        completed = _ended(queries.jobs(team), starts[0], end).filter(
            root=None, overall_state=JobState.COMPLETED
        )
        if every > 1:
            completed = completed.annotate(part=Mod(F("id"), every)).filter(part=0)
        for day, value, figures in _from_jobs(completed, by):
            cells[value][numbers[day]].seconds += figures.seconds
    else:
        every = 1
        matching = _ended(queries.jobs(team, JobFilter(**values).for_user(user)), starts[0], end)
        if matching[: MOST_JOBS + 1].count() > MOST_JOBS:
            text = f"More than {MOST_JOBS:,} jobs match in this time. Choose a shorter one, or remove the filters."
            raise InvalidFields({"ended": [text]})
        for day, value, figures in _from_jobs(matching, by):
            cells[value][numbers[day]].add(figures)
    lines = [Line(value, points, _together(points)) for value, points in cells.items()]
    lines.sort(key=lambda line: (-line.whole.jobs, line.value or ""))
    whole = _together(line.whole for line in lines)
    return Trends(unit, by, starts, end, lines[:MOST_LINES], len(lines[MOST_LINES:]), whole, every)


def link_parts(
    trends: Trends, job_filter: JobFilter, line: Line, number: int | None = None
) -> dict[str, str]:
    """The filter, as query parameters, of the jobs of a line, or of its point of this number."""
    first = trends.starts[number or 0]
    end = trends.end if number is None else trends.until(number)
    parts = {**job_filter.values, "ended": _text(first), "ended_until": _text(end)}
    if line.value is not None and trends.by:
        parts[trends.by] = line.value
    return parts


def _text(day: date) -> str:
    return f"{day}T00:00:00Z"


def _units(job_filter: JobFilter, unit: str) -> tuple[list[date], date]:
    """The first days of the units from the first to the last day of the filter, and the day after these."""
    today = timezone.now().astimezone(UTC).date()
    until = Moment(is_end=True).parse(job_filter.values.get("ended_until", ""))
    since = Moment().parse(job_filter.values.get("ended", ""))
    last = (until - timedelta(microseconds=1)).astimezone(UTC).date() if until else today
    end = _next(_start(last, unit), unit)
    if since:
        start = _start(since.astimezone(UTC).date(), unit)
    else:
        start = _start(last, unit)
        for _ in range(_UNITS_BACK[unit] - 1):
            start = _start(start - timedelta(days=1), unit)
    starts = []
    while start < end:
        starts.append(start)
        if len(starts) > MOST_POINTS:
            text = f"There would be more than {MOST_POINTS} points. Choose a longer unit or a shorter time."
            raise InvalidFields({"unit": [text]})
        start = _next(start, unit)
    if not starts:
        raise InvalidFields({"ended_until": ["It must be after the beginning."]})
    return starts, end


def _start(day: date, unit: str) -> date:
    """The first day of the unit that the day is in; weeks begin on Monday."""
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day


def _next(start: date, unit: str) -> date:
    return next_month(start) if unit == "month" else start + timedelta(days=7 if unit == "week" else 1)


def _number_of_day(starts: Sequence[date], end: date) -> dict[date, int]:
    """By day, the number of the unit that it is in."""
    numbers = {}
    for number, (start, until) in enumerate(pairwise([*starts, end])):
        for days in range((until - start).days):
            numbers[start + timedelta(days=days)] = number
    return numbers


def _together(figures: Iterable[TrendPoint]) -> TrendPoint:
    whole = TrendPoint()
    for part in figures:
        whole.add(part)
    return whole


def _ended(rows: JobQuerySet, first: date, end: date) -> JobQuerySet:
    return rows.filter(overall_ended_at__gte=begin_of(first), overall_ended_at__lt=begin_of(end)).order_by()


def _sums(team: Team, dimension: Dimension, first: date, end: date) -> Any:
    return DaySum.objects.for_team(team).filter(dimension=dimension, day__gte=first, day__lt=end).order_by()


def _completed(team: Team, first: date, end: date) -> int:
    sums = _sums(team, Dimension.MODEL, first, end).aggregate(completed_jobs=Sum("completed", default=0))
    return int(sums["completed_jobs"])


def _from_sums(team: Team, by: str, first: date, end: date) -> list[tuple[date, str | None, TrendPoint]]:
    """Day, value of the group, and figures without durations; a query, and one for names of owners."""
    keys = ["day", *([_OF_SUM.get(by, "value")] if by else [])]
    columns = (*_ENDS, "millionths")
    rows = _sums(team, GROUPS[by], first, end).values_list(*keys).annotate(*(Sum(name) for name in columns))
    names: dict[str, str | None] = {}
    if by == "owner":
        rows = list(rows)
        ids = {row[1] for row in rows if row[1]}
        names = {str(pk): name for pk, name in User.objects.filter(pk__in=ids).values_list("pk", "username")}
    summed = []
    for row in rows:
        value = row[1] if by else None
        completed, failed, stopped, rejected, cancelled, millionths = row[len(keys) :]
        jobs = completed + failed + stopped + rejected + cancelled
        if jobs or millionths:
            value = names.get(str(value)) if by == "owner" else value
            summed.append((row[0], value, TrendPoint(jobs, completed, failed, millionths)))
    return summed


def _from_jobs(rows: JobQuerySet, by: str) -> Iterable[tuple[date, str | None, TrendPoint]]:
    """Day, value of the group, and figures of each job; one for each of its tags."""
    columns = (_OF_JOB.get(by, by), "overall_ended_at", "overall_state", "overall_duration", *_COSTS)
    for value, at, state, seconds, cost, joint_state, joint_cost in rows.values_list(*columns):
        is_completed = state == JobState.COMPLETED
        amount = cost if joint_state is None else joint_cost
        for name in _values(value, by):
            yield (
                at.astimezone(UTC).date(),
                name,
                TrendPoint(
                    1,
                    int(is_completed),
                    int(state == JobState.FAILED),
                    0 if amount is None else int(Decimal(amount) * 1_000_000),
                    [seconds] if is_completed else [],
                ),
            )


def _values(value: Any, by: str) -> list[str | None]:
    """The values of the group that a job has: one for each tag, else one."""
    if by == "tag":
        return [f"{key}={text}" for key, text in (value or {}).items()]
    return [value if by else None]
