"""Comparing stored times with the clock, which may have been set back since they were written.

A time that lies further in the future than it can was written before that. Whatever waits for it would stand still
until the clock is there again; so it counts as long past.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

#: The clocks of several machines may differ by so much.
SLACK = timedelta(seconds=30)


def passed(column: str, age: timedelta) -> Q:
    """Rows whose `column`, the time of something that happened, is `age` ago, or in the future."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now - age}) | Q(**{f"{column}__gt": now + SLACK})


def has_passed(at: datetime, age: timedelta) -> bool:
    """The same for one time."""
    now = timezone.now()
    return at <= now - age or at > now + SLACK


def due(column: str, longest: timedelta) -> Q:
    """Rows whose `column`, a time set at most `longest` ahead, has come, or is further ahead than that."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + longest + SLACK})


def is_due(at: datetime, longest: timedelta) -> bool:
    """The same for one time."""
    now = timezone.now()
    return at <= now or at > now + longest + SLACK
