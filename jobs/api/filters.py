"""The query parameters of the list of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs import queries, search_query
from jobs.api.parameters import Moment, PageQuery, Query, Text, Word
from jobs.filtering import CAUSES, STATE_GROUPS, JobFilter
from jobs.states import JobState

_STATE = "|".join([*JobState.values, *(state.lower() for state in JobState.values), *STATE_GROUPS])


@extend_schema_field({"type": "string", "pattern": f"^({_STATE})(,({_STATE}))*$"})
class States(serializers.CharField):
    """States and groups of them with commas between; `JobFilter` reads it."""


class JobFilterQuery(Query):
    """What a list of jobs is narrowed to: `JobFilter` by its names, or as the search box takes it."""

    state = States(required=False, help_text="A state, several with commas, active or ended.")
    model = Text(63, help_text="The model's name.")
    owner = Text(150, help_text="Who submitted it: a user name, or me.")
    connection = Text(80, help_text="The connection's slug.")
    preset = Text(80, help_text="The slug of the preset that it began with.")
    instance_type = Text(60, help_text="As it was requested last.")
    cause = Word(tuple(CAUSES), help_text="Why it failed.")
    since = Moment(help_text="Submitted from then on: a date, a time, or how long ago, as in 24h, 7d or 2w.")
    until = Moment(help_text="Submitted before then; a date counts whole.")
    ended = Moment(help_text="Ended from then on, as in since.")
    attention = Word(
        ("true",),
        help_text="Completed with warnings, at a limit of its own or silent, of the last seven days.",
    )
    tag = Text(400, help_text="key or key=value.")
    path = Text(help_text="What it reads or writes: an S3 address, its beginning, or an object below it.")
    name = Text(63, help_text="A part of the name.")
    text = Text(200, help_text="Words in the name, an S3 address or a tag.")
    external = Word(("true", "false"), help_text="true: made outside Batchdeck; false: made here.")
    archived = Word(("true", "false", "any"), help_text="true: archived ones only; any: they too.")
    attempts = Word(
        ("true", "false", "any"), help_text="true: further attempts only, each by itself; any: they too."
    )
    q = Text(help_text="All of these as the search box takes them: status:failed model:churn text.")


class JobsQuery(PageQuery, JobFilterQuery):
    """The filters, the order and the page."""

    sort = Word(
        (*queries.SORTS, *(f"-{word}" for word in queries.SORTS)),
        default=queries.NEWEST,
        help_text="A minus turns it round.",
    )


def wanted(words: Mapping[str, Any]) -> JobFilter:
    """The filter that a query describes; where `q` and a parameter name the same, the parameter counts.

    FilterError names what cannot be used.
    """
    texts = {name: words[name] for name in JobFilter.names() if name in words}
    return JobFilter.read({**search_query.parse(words.get("q", "")), **texts})
