"""The times of a schedule: the next ones, and those that passed while nobody took them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.timezone import now

from schedules.models import Schedule
from transform.schedule_expressions import Expression, parse_expression

#: A run may be taken so long after its time before the time counts as missed: workers may be busy or restart.
ON_TIME = timedelta(minutes=10)
#: Missed times are counted up to this number.
MOST_COUNTED = 1000
#: How far back the latest of very many times is looked for, the nearest first.
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=400))


@dataclass(frozen=True, slots=True)
class Times:
    """A parsed expression with its zone and its bounds."""

    expression: Expression
    zone: ZoneInfo
    since: datetime
    start_at: datetime | None = None
    end_at: datetime | None = None

    def next_times(self, after: datetime, count: int) -> list[datetime]:
        """The first times after `after` within the bounds, at most `count`."""
        if self.start_at is not None:
            # A time at the start itself is within the bounds.
            after = max(after, self.start_at - timedelta(microseconds=1))
        times = self.expression.next_times(after, count, zone=self.zone, since=self.since)
        return [at for at in times if self.end_at is None or at <= self.end_at]

    def next_time(self, after: datetime) -> datetime | None:
        """The first time after `after` within the bounds; None if there is none."""
        return next(iter(self.next_times(after, 1)), None)


@dataclass(frozen=True, slots=True)
class Passed:
    """Times up to now that nobody took: the `latest`, and those before it."""

    latest: datetime
    #: How many came before the latest, and the first and last of them; `more` if there were still more.
    earlier: int = 0
    first: datetime | None = None
    last: datetime | None = None
    more: bool = False


def times_of(schedule: Schedule) -> Times:
    """The schedule's times. Raises BadExpression, and ZoneInfoNotFoundError for a zone that this machine lacks."""
    return Times(
        parse_expression(schedule.expression),
        schedule.zone,
        schedule.since,
        schedule.start_at,
        schedule.end_at,
    )


def next_run_of(schedule: Schedule) -> datetime | None:
    """The schedule's first time from now on; None if there is none. Raises as `times_of`."""
    return times_of(schedule).next_time(now())


def passed_times(times: Times, first: datetime, until: datetime) -> Passed:
    """The times from `first`, itself one of them, up to `until`."""
    passed = [first]
    while len(passed) <= MOST_COUNTED:
        following = times.next_time(passed[-1])
        if following is None or following > until:
            break
        passed.append(following)
    if len(passed) == 1:
        return Passed(first)
    if len(passed) <= MOST_COUNTED:
        return Passed(passed[-1], len(passed) - 1, first, passed[-2])
    latest = _latest(times, until) or passed[-1]
    return Passed(latest, MOST_COUNTED, first, passed[-2], more=True)


def _latest(times: Times, until: datetime) -> datetime | None:
    """The last time up to `until`, of very many before it."""
    for span in _SPANS:
        at = times.next_time(until - span)
        if at is None or at > until:
            continue
        while (following := times.next_time(at)) is not None and following <= until:
            at = following
        return at
    return None
