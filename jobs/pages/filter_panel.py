"""The filter panel of the list of jobs, as the template draws it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs import search_query
from jobs.filtering import FILTERS, Choice, Filter, JobFilter, find_filter
from teams.models import Team


@dataclass(frozen=True, slots=True)
class FilterField:
    """One field of the panel: a menu if it has `options`, which are values with titles, else a line of text."""

    name: str
    label: str
    value: str
    placeholder: str
    options: tuple[tuple[str, str], ...]
    suggestions: tuple[str, ...]


def fields(team: Team, job_filter: JobFilter) -> list[FilterField]:
    """A field for each filter, with its present value."""
    return [_field(declared, job_filter.values.get(declared.name, ""), team) for declared in FILTERS]


def search_words(filter_fields: Iterable[FilterField]) -> list[str]:
    """What the search box completes: the word of each filter with a colon, and each with the values that are known."""
    words = []
    for field in filter_fields:
        word = find_filter(field.name).word
        values = [value for value, _ in field.options] if field.options else field.suggestions
        words += [f"{word}:", *(search_query.write({field.name: value}) for value in values if value)]
    return words


def _field(declared: Filter, value: str, team: Team) -> FilterField:
    options = _options(declared, team)
    if options:
        value = "" if isinstance(declared.kind, Choice) and value in declared.kind.synonyms else value.lower()
        if value not in (option for option, _ in options):
            options = (*options, (value, value))
    suggestions = tuple(declared.suggestions(team)) if declared.suggestions else ()
    return FilterField(declared.name, declared.label, value, declared.placeholder, options, suggestions)


def _options(declared: Filter, team: Team) -> tuple[tuple[str, str], ...]:
    if isinstance(declared.kind, Choice):
        return tuple(declared.kind.options.items())
    return (("", "Any"), *declared.menu(team)) if declared.menu else ()
