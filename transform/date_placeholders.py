"""Placeholders for dates in S3 paths: s3://bucket/in/{yyyy}/{mm}/{dd}/ is another folder each day.

A placeholder may have an offset in weeks, days or hours: {date-1d} is the day before. Weeks and days are counted on the
calendar, hours on the clock. Two braces stand for one: {{ and }}.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

#: Name -> its meaning, for errors, pages and documents. All but `run` are strftime formats of `_FORMATS`.
PLACEHOLDERS = {
    "date": "the day, such as 2026-11-30",
    "yyyy": "the year, such as 2026",
    "mm": "the month, 01 to 12",
    "dd": "the day of the month, 01 to 31",
    "hour": "the hour, 00 to 23",
    "minute": "the minute, 00 to 59",
    "run": "the run's own name, which is used once, such as 20261130-0600-k3v7q2",
}
_FORMATS = {"date": "%Y-%m-%d", "yyyy": "%Y", "mm": "%m", "dd": "%d", "hour": "%H", "minute": "%M"}
#: The longest offset: ten years.
_MOST_HOURS = 10 * 366 * 24
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_INSIDE = re.compile(r"([a-z]+)(?:([+-])([0-9]{1,6})([hdw]))?")
_ALLOWED = (
    f"There are {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}, and with an offset in hours, days or weeks "
    "{date-1d}, {hour-2h}, {dd+1w}; write {{ and }} for braces"
)


class BadPlaceholder(ValueError):
    """A placeholder that there is not; the sentence names it and lists those that there are."""


def fill_placeholders(text: str, at: datetime, run: str) -> str:
    """The text with its placeholders replaced by the parts of `at` in its own zone, and by the name `run`.

    `at` is an aware datetime. Raises BadPlaceholder.
    """
    return _PART.sub(lambda part: _value(part, at, run), text)


def check_placeholders(text: str) -> frozenset[str]:
    """The names of the placeholders in the text; raises BadPlaceholder."""
    names = set()
    for part in _PART.finditer(text):
        if part[0] not in ("{{", "}}"):
            names.add(_parse(part)[0])
    return frozenset(names)


def _value(part: re.Match[str], at: datetime, run: str) -> str:
    if part[0] in ("{{", "}}"):
        return part[0][0]
    name, count, unit = _parse(part)
    if name == "run":
        return run
    try:
        return _moved(at, count, unit).strftime(_FORMATS[name]).zfill(4 if name == "yyyy" else 0)
    except OverflowError as error:
        raise BadPlaceholder(f"{part[0]} is a time outside the calendar.") from error


def _moved(at: datetime, count: int, unit: str) -> datetime:
    if unit == "h":
        # An hour before 03:30 on the day on which summer time begins is 01:30.
        return (at.astimezone(UTC) + timedelta(hours=count)).astimezone(at.tzinfo)
    return at + timedelta(hours=count * _HOURS[unit])


def _parse(part: re.Match[str]) -> tuple[str, int, str]:
    """Name, count and unit of a placeholder; without an offset the count is 0."""
    inside = _INSIDE.fullmatch(part[1]) if part[1] is not None else None
    if inside is None or inside[1] not in PLACEHOLDERS:
        problem = (
            f"{part[0]} is no placeholder"
            if part[1] is not None
            else f"A single {part[0]} opens or closes nothing"
        )
        raise BadPlaceholder(f"{problem}. {_ALLOWED}.")
    name, sign, digits, unit = inside[1], inside[2], inside[3], inside[4]
    if digits is None:
        return name, 0, "d"
    if name == "run":
        raise BadPlaceholder(f"{part[0]} has an offset, but a run's name is no time. Write {{run}}.")
    count = int(digits)
    if count * _HOURS[unit] > _MOST_HOURS:
        raise BadPlaceholder(f"{part[0]} has an offset of more than ten years.")
    return name, -count if sign == "-" else count, unit
