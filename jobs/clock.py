"""Comparisons of stored times with the clock, which may have been set back since they were stored.

A time further in the future than possible was stored before the clock was set back. Work that waits for it would
stand still until the clock reaches it again; so such a time counts as long past.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

#: The clocks of several machines may differ by this much.
SLACK = timedelta(seconds=30)


def passed(column: str, age: timedelta) -> Q:
    """Rows whose `column`, a time in the past, is at least `age` ago, or in the future."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now - age}) | Q(**{f"{column}__gt": now + SLACK})


def has_passed(at: datetime, age: timedelta) -> bool:
    """Whether `at`, a time in the past, is at least `age` ago, or in the future."""
    now = timezone.now()
    return at <= now - age or at > now + SLACK


def due(column: str, longest: timedelta) -> Q:
    """Rows whose `column`, a time set at most `longest` ahead, is reached, or is further ahead than that."""
    now = timezone.now()
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + longest + SLACK})


def is_due(at: datetime, longest: timedelta) -> bool:
    """Whether `at`, a time set at most `longest` ahead, is reached, or is further ahead than that."""
    now = timezone.now()
    return at <= now or at > now + longest + SLACK
