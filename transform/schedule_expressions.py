"""Schedule expressions of EventBridge: `rate(1 day)`, `cron(0 9 ? * MON-FRI *)`, `at(2026-12-24T18:00:00)`.

A rate counts whole periods from the start of its schedule; a day is 24 hours. Times of cron and at are local times
of the schedule's zone. On days when clocks change:
- a time that the clocks leave out runs at the next time that exists, or not at all with `skips_missing`, as by
  EventBridge Scheduler;
- a time that comes twice runs once, at the first.

Sources: "Schedule types" in the EventBridge Scheduler user guide, "Cron expressions reference" in EventBridge's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from transform.cron_fields import (
    HOURS,
    MINUTES,
    MONTHS,
    YEARS,
    BadExpression,
    DaysOfMonth,
    DaysOfWeek,
    parse_days_of_month,
    parse_days_of_week,
)
from transform.local_times import exists, first_instant

__all__ = ["At", "BadExpression", "Cron", "Expression", "Rate", "parse_expression"]

#: Maximum characters of an expression (API reference of PutRule and CreateSchedule).
LONGEST = 256

_MINUTE = timedelta(minutes=1)
_UNITS = {"minute": _MINUTE, "hour": timedelta(hours=1), "day": timedelta(days=1)}
#: A longer period has no second run before the last year of a cron expression.
_LONGEST_PERIOD = timedelta(days=36_500)

_RATE = re.compile(r"rate\((.*)\)", re.DOTALL)
_RATE_FIELDS = re.compile(r"([0-9]{1,9}) (minute|hour|day)(s?)")
_CRON = re.compile(r"cron\((.*)\)", re.DOTALL)
_AT = re.compile(r"at\((.*)\)", re.DOTALL)
_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


class Expression(Protocol):
    """A parsed expression. All times are aware; results are in UTC."""

    @property
    def text(self) -> str:
        """The expression as it was written."""

    def next_time(
        self, after: datetime, *, zone: ZoneInfo, since: datetime, skips_missing: bool = False
    ) -> datetime | None:
        """The first time after `after`, which itself is excluded; None if there is none.

        `since` is the start of the schedule, from which a rate counts: its first run is one period later.
        """

    def next_times(
        self, after: datetime, count: int, *, zone: ZoneInfo, since: datetime, skips_missing: bool = False
    ) -> list[datetime]:
        """The first `count` times after `after`, fewer if there are no more."""


class _Times:
    """`next_times` for each kind of expression."""

    __slots__ = ()

    def next_times(self: Any, after: datetime, count: int, **options: Any) -> list[datetime]:
        times: list[datetime] = []
        while len(times) < count:
            moment = self.next_time(after, **options)
            if moment is None:
                break
            times.append(moment)
            after = moment
        return times


@dataclass(frozen=True, slots=True)
class Rate(_Times):
    """`rate(<number> <unit>)`."""

    text: str
    period: timedelta

    def next_time(
        self, after: datetime, *, zone: ZoneInfo, since: datetime, skips_missing: bool = False
    ) -> datetime | None:
        start = since.astimezone(UTC)
        periods = (after.astimezone(UTC) - start) // self.period + 1
        return start + max(periods, 1) * self.period


@dataclass(frozen=True, slots=True)
class At(_Times):
    """`at(<local time>)`: one run."""

    text: str
    local: datetime

    def next_time(
        self, after: datetime, *, zone: ZoneInfo, since: datetime, skips_missing: bool = False
    ) -> datetime | None:
        if skips_missing and not exists(self.local, zone):
            return None
        moment = first_instant(self.local, zone)
        return moment if moment > after.astimezone(UTC) else None


@dataclass(frozen=True, slots=True)
class Cron(_Times):
    """`cron(<minutes> <hours> <day-of-month> <month> <day-of-week> <year>)`; numbers are sorted."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DaysOfMonth | DaysOfWeek
    months: tuple[int, ...]
    years: tuple[int, ...]

    def next_time(
        self, after: datetime, *, zone: ZoneInfo, since: datetime, skips_missing: bool = False
    ) -> datetime | None:
        after = after.astimezone(UTC)
        # No earlier local time is first shown after `after`: clocks show times in order, but for the second showing.
        for local in self._local_times(after.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)):
            moment = first_instant(local, zone)
            if moment > after and not (skips_missing and not exists(local, zone)):
                return moment
        return None

    def _local_times(self, start: datetime) -> Iterator[datetime]:
        """The matching naive times from `start` on, in order."""
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self.days.days(year, month):
                    yield from self._times_of_day(datetime(year, month, day), start)  # noqa: DTZ001 - local times

    def _times_of_day(self, day: datetime, start: datetime) -> Iterator[datetime]:
        if day.date() < start.date():
            return
        earliest = start.hour if day.date() == start.date() else 0
        for hour in self.hours[bisect_left(self.hours, earliest) :]:
            for minute in self.minutes:
                local = day.replace(hour=hour, minute=minute)
                if local >= start:
                    yield local


def parse_expression(text: str, *, allow_at: bool = True) -> Expression:
    """Parse an expression. Raises BadExpression.

    `allow_at` is for schedules; EventBridge's rules have no `at`.
    """
    if len(text) > LONGEST:
        raise BadExpression(
            f"A schedule expression has at most {LONGEST} characters, this one has {len(text)}."
        )
    if match := _RATE.fullmatch(text):
        return Rate(text, _period(match[1]))
    if match := _CRON.fullmatch(text):
        return _cron(text, match[1])
    if allow_at and (match := _AT.fullmatch(text)):
        return At(text, _local_time(match[1]))
    forms = "rate(1 day), cron(0 9 ? * MON-FRI *)" + (", at(2026-12-24T18:00:00)" if allow_at else "")
    raise BadExpression(f"{text!r} is not a schedule expression; write one such as {forms}.")


def _period(text: str) -> timedelta:
    match = _RATE_FIELDS.fullmatch(text)
    if match is None:
        raise BadExpression(
            f"A rate cannot be {text!r}: write a number above 0 and minute, minutes, hour, hours, day or days, such as "
            "rate(12 hours)."
        )
    number, unit, plural = int(match[1]), match[2], match[3]
    if number and bool(plural) != (number != 1):
        raise BadExpression(
            f"A rate cannot be {text!r}: the unit is {unit} after 1 and {unit}s after a higher number."
        )
    longest = _LONGEST_PERIOD // _UNITS[unit]
    if not 1 <= number <= longest:
        raise BadExpression(f"A rate cannot be {text!r}: write from 1 to {longest} {unit}s.")
    return number * _UNITS[unit]


def _cron(text: str, inside: str) -> Cron:
    fields = inside.upper().split()
    if len(fields) != 6:
        raise BadExpression(
            f"A cron expression has six fields, {text!r} has {len(fields)}: minutes, hours, day-of-month, month, "
            "day-of-week, year, such as cron(0 9 ? * MON-FRI *)."
        )
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise BadExpression(
            f"One of the day-of-month ({day_of_month!r}) and the day-of-week ({day_of_week!r}) must be '?', the other "
            "not, such as cron(0 9 ? * MON-FRI *) or cron(0 9 1 * ? *)."
        )
    days = parse_days_of_month(day_of_month) if day_of_week == "?" else parse_days_of_week(day_of_week)
    return Cron(
        text, MINUTES.numbers(minutes), HOURS.numbers(hours), days, MONTHS.numbers(month), YEARS.numbers(year)
    )


def _local_time(text: str) -> datetime:
    message = (
        f"A time cannot be {text!r}: write a date and time from {YEARS.least} to {YEARS.most}, such as "
        "at(2026-12-24T18:00:00)."
    )
    if not _LOCAL_TIME.fullmatch(text):
        raise BadExpression(message)
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise BadExpression(message) from None
    if not YEARS.least <= local.year <= YEARS.most:
        raise BadExpression(message)
    return local
