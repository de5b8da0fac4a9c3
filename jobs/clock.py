"""Comparisons of stored times with the clock, which may have been set back since they were stored, and pauses.

A time further in the future than possible was stored before the clock was set back. Work that waits for it would
stand still until the clock reaches it again; so such a time counts as long past.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

#: The clocks of several machines may differ by this much.
SLACK = timedelta(seconds=30)
#: Seconds of the first pause between tries, and of the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 120.0


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


def pause_after(tries: int) -> timedelta:
    """The pause before the next try of what was put off `tries` times before; it doubles up to two minutes."""
    return timedelta(seconds=min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(tries, 10)))
