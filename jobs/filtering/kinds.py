"""Kinds of filter values: what a value may be, and what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from jobs.states import ACTIVE, TERMINAL, JobState

#: Words accepted beside the states themselves.
STATE_GROUPS = {"active": ACTIVE, "terminal": TERMINAL, "ended": TERMINAL}
_AGO = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class FilterError(ValueError):
    """Some filters cannot be used; `fields` maps the name of each to sentences that say what it must be."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name} {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of at most `max_length` characters."""

    max_length: int = 200

    def check(self, value: str) -> str:
        """Why the value cannot be used, as a sentence; empty if it can."""
        return (
            ""
            if len(value) <= self.max_length
            else f"It must be a text of at most {self.max_length:,} characters."
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words. `options` maps words to titles on the page; the empty word is the title of no choice."""

    options: Mapping[str, str]
    #: Words that mean the same as the empty one.
    synonyms: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """All words but the empty one."""
        return (*filter(None, self.options), *self.synonyms)

    def check(self, value: str) -> str:
        """Why the value cannot be used, as a sentence; empty if it can."""
        if value in ("", *self.words):
            return ""
        return f"It must be {', '.join(self.words)} or empty."


@dataclass(frozen=True, slots=True)
class States:
    """States, in capitals or not, and groups of them, with commas between."""

    max_length: int = 200

    def check(self, value: str) -> str:
        """Why the value cannot be used, as a sentence; empty if it can."""
        try:
            if len(value) <= self.max_length:
                parse_states(value)
                return ""
        except ValueError:
            pass
        words = ", ".join([*(state.lower() for state in JobState.values), "active", "ended"])
        return f"It must be made of {words}, with commas between them."


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time, or how long ago as in 24h, 7d, 2w; with `is_end` a date stands for its end."""

    is_end: bool = False

    def check(self, value: str) -> str:
        """Why the value cannot be used, as a sentence; empty if it can."""
        if self.parse(value) is not None:
            return ""
        return "It must be a date such as 2026-11-20, a time, or how long ago, as in 24h or 7d."

    def parse(self, value: str) -> datetime | None:
        """The time in UTC; None if the value is not a time.

        A value without a zone is in the zone in which pages show times; for the API that is UTC.
        """
        try:
            if match := _AGO.fullmatch(value):
                return timezone.now() - timedelta(**{_UNITS[match[2]]: int(match[1])})
            day = parse_date(value)
            if day is not None:
                day += timedelta(days=1 if self.is_end else 0)
                return datetime.combine(day, time(), timezone.get_current_timezone()).astimezone(UTC)
            at = parse_datetime(value)
            if at is None:
                return None
            # In UTC, as the database stores it: it refuses times outside its range there, and offsets of a day.
            return (at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())).astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def parse_states(value: str) -> frozenset[JobState]:
    """The states that the words of a text name; ValueError names a word that is neither state nor group."""
    states: set[JobState] = set()
    for word in filter(None, (part.strip() for part in value.split(","))):
        states |= STATE_GROUPS.get(word.lower()) or {JobState(word.upper())}
    return frozenset(states)
