"""Kinds of filter values: what a value may be, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from jobs.states import ACTIVE, TERMINAL, JobState
from teams.moments import parse_moment

#: Words accepted beside the states themselves.
STATE_GROUPS = {"active": ACTIVE, "terminal": TERMINAL, "ended": TERMINAL}


#: A sentence lists up to so many words; of more it names those that are near.
_MANY = 12


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
        if len(self.words) <= _MANY:
            return f"It must be {', '.join(self.words)} or empty."
        near = get_close_matches(value, self.words, cutoff=0.4)
        named = f"{value[:40]} is none of its {len(self.words)} words"
        return (
            f"{named}; near it are {', '.join(near)}." if near else f"{named}; the filter panel lists them."
        )


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
        """The time in UTC; None if the value is not a time."""
        return parse_moment(value, is_end=self.is_end)


def parse_states(value: str) -> frozenset[JobState]:
    """The states that the words of a text name; ValueError names a word that is neither state nor group."""
    states: set[JobState] = set()
    for word in filter(None, (part.strip() for part in value.split(","))):
        states |= STATE_GROUPS.get(word.lower()) or {JobState(word.upper())}
    return frozenset(states)
