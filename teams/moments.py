"""Times that people and programs write in filters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

_AGO = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
#: Days and months can be added to and taken from a time between these.
_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def parse_moment(text: str, *, is_end: bool = False) -> datetime | None:
    """The time in UTC of a date, a time, or how long ago, as in 24h, 7d, 2w; None if the text is none of these.

    A date stands for its beginning, with `is_end` for its end. A text without a zone is in the zone in which pages
    show times; for the API that is UTC. Years are from 1000 to 8999.
    """
    try:
        at = _read(text, is_end)
    except (ValueError, OverflowError):
        return None
    return at if at is not None and _FIRST <= at < _LAST else None


def _read(text: str, is_end: bool) -> datetime | None:
    """The same, of any year; ValueError and OverflowError for what is no time or cannot be computed with."""
    if match := _AGO.fullmatch(text):
        return timezone.now() - timedelta(**{_UNITS[match[2]]: int(match[1])})
    day = parse_date(text)
    if day is not None:
        day += timedelta(days=1 if is_end else 0)
        return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)
    at = parse_datetime(text)
    if at is None:
        return None
    # In UTC, as the database stores it: it refuses times outside its range there, and offsets of a day.
    return (at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())).astimezone(UTC)
