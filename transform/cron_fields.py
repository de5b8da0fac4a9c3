"""The six fields of a cron expression as AWS defines them for EventBridge, each as the numbers that match.

Source: "Cron expressions reference" in the EventBridge user guide.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

#: Numbers of the days of a week: 1 is Sunday.
DAY_NAMES = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
MONTH_NAMES = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}

_SATURDAY = 7

_PART = re.compile(
    r"(?:(?P<all>\*)|(?P<first>[0-9]{1,4}|[A-Z]{3})(?:-(?P<last>[0-9]{1,4}|[A-Z]{3}))?)(?:/(?P<step>[0-9]{1,4}))?"
)
_NEAREST = re.compile(r"([0-9]{1,2})W")
_LAST = re.compile(r"([1-7]|[A-Z]{3})L")
_NTH = re.compile(r"([1-7]|[A-Z]{3})#([1-5])")


class BadExpression(ValueError):
    """A text that is no schedule expression. The message is a sentence with the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class CronField:
    """A field's name, the numbers that it can have, their names, and what may be written besides."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)
    also: str = ""

    def refusal(self, text: str) -> BadExpression:
        """The error for a text that the field cannot have."""
        names = f" or {next(iter(self.names))}-{list(self.names)[-1]}" if self.names else ""
        return BadExpression(
            f"{self.name} of a cron expression cannot be {text!r}: write numbers from {self.least} to {self.most}"
            f"{names}, with the wildcards , - * /{self.also}; a range goes from the lower to the higher number."
        )

    def number(self, text: str) -> int | None:
        """The number that a number or name stands for; None if the field cannot have it."""
        number = self.names.get(text) if not text.isdigit() else int(text)
        return number if number is not None and self.least <= number <= self.most else None

    def numbers(self, text: str) -> tuple[int, ...]:
        """The numbers, in order, that match a list of values, ranges and steps. Raises BadExpression."""
        matches: set[int] = set()
        for part in text.split(","):
            matches.update(self._part(part, text))
        return tuple(sorted(matches))

    def _part(self, part: str, text: str) -> range:
        match = _PART.fullmatch(part)
        if match is None:
            raise self.refusal(text)
        first = self.least if match["all"] else self.number(match["first"])
        has_end = not (match["all"] or match["step"])
        last = self.number(match["last"] or match["first"]) if match["last"] or has_end else self.most
        step = int(match["step"] or 1)
        if first is None or last is None or first > last or not 1 <= step <= self.most:
            raise self.refusal(text)
        return range(first, last + 1, step)


MINUTES = CronField("The minutes", 0, 59)
HOURS = CronField("The hours", 0, 23)
DAYS_OF_MONTH = CronField(
    "The day-of-month", 1, 31, also=", or alone ?, L (last day) or 15W (weekday nearest the 15th)"
)
MONTHS = CronField("The month", 1, 12, MONTH_NAMES)
DAYS_OF_WEEK = CronField(
    "The day-of-week",
    1,
    7,
    DAY_NAMES,
    also=", or alone ?, L (Saturday), 6L (last Friday) or 3#2 (second Tuesday)",
)
YEARS = CronField("The year", 1970, 2199)


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """Days by their number: `numbers`, the last one, or the weekday nearest to a number."""

    numbers: tuple[int, ...] = ()
    is_last: bool = False
    nearest: int | None = None

    def days(self, year: int, month: int) -> list[int]:
        """The matching days of a month, in order."""
        length = calendar.monthrange(year, month)[1]
        if self.is_last:
            return [length]
        if self.nearest is not None:
            return [_nearest_weekday(year, month, self.nearest, length)] if self.nearest <= length else []
        return [day for day in self.numbers if day <= length]


@dataclass(frozen=True, slots=True)
class DaysOfWeek:
    """Days by their weekday: `numbers`, the month's last one of a weekday, or its nth as (weekday, n)."""

    numbers: tuple[int, ...] = ()
    last: int | None = None
    nth: tuple[int, int] | None = None

    def days(self, year: int, month: int) -> list[int]:
        """The matching days of a month, in order."""
        length = calendar.monthrange(year, month)[1]
        weekdays = {self.last} if self.last else {self.nth[0]} if self.nth else set(self.numbers)
        first = _weekday(year, month, 1)
        days = [day for day in range(1, length + 1) if (first + day - 2) % 7 + 1 in weekdays]
        if self.last:
            return days[-1:]
        return days[self.nth[1] - 1 : self.nth[1]] if self.nth else days


def parse_days_of_month(text: str) -> DaysOfMonth:
    """Parse the day-of-month field, other than `?`. Raises BadExpression."""
    if text == "L":
        return DaysOfMonth(is_last=True)
    if match := _NEAREST.fullmatch(text):
        number = DAYS_OF_MONTH.number(match[1])
        if number is None:
            raise DAYS_OF_MONTH.refusal(text)
        return DaysOfMonth(nearest=number)
    return DaysOfMonth(DAYS_OF_MONTH.numbers(text))


def parse_days_of_week(text: str) -> DaysOfWeek:
    """Parse the day-of-week field, other than `?`. Raises BadExpression."""
    if text == "L":
        return DaysOfWeek((_SATURDAY,))
    special = _LAST.fullmatch(text) or _NTH.fullmatch(text)
    if special is None:
        return DaysOfWeek(DAYS_OF_WEEK.numbers(text))
    number = DAYS_OF_WEEK.number(special[1])
    if number is None:
        raise DAYS_OF_WEEK.refusal(text)
    return DaysOfWeek(last=number) if text.endswith("L") else DaysOfWeek(nth=(number, int(special[2])))


def _weekday(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % 7 + 1


def _nearest_weekday(year: int, month: int, day: int, length: int) -> int:
    """The day from Monday to Friday nearest to `day` that is in the same month."""
    weekday = date(year, month, day).isoweekday()
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 7:
        return day + 1 if day < length else day - 2
    return day
