"""The query parameters of the list of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs import filtering, queries, search_query
from jobs.api.parameters import MomentParameter, PageQuery, Query, TextParameter, WordParameter
from jobs.filtering import FILTERS, JobFilter
from jobs.filtering.kinds import STATE_GROUPS
from jobs.states import JobState

_STATE = "|".join([*JobState.values, *(state.lower() for state in JobState.values), *STATE_GROUPS])


@extend_schema_field({"type": "string", "pattern": f"^({_STATE})(,({_STATE}))*$"})
class StatesParameter(serializers.CharField):
    """States and groups of them with commas between; `JobFilter` checks them."""


class JobFilterQuery(Query):
    """The filters of a list of jobs, each by its name, or all in `q` as the search box takes them."""

    q = TextParameter(
        help_text='All of these as the search box takes them: `status:failed model:churn owner:me "nightly run"`.'
    )

    def get_fields(self) -> dict[str, Any]:
        """A parameter for each filter, and those that are declared here."""
        return {**{declared.name: _parameter(declared) for declared in FILTERS}, **super().get_fields()}


class JobsQuery(PageQuery, JobFilterQuery):
    """The filters, the order and the page."""

    sort = WordParameter(
        (*queries.SORTS, *(f"-{word}" for word in queries.SORTS)),
        default=queries.NEWEST,
        help_text="A minus reverses the order.",
    )


def read_filter(words: Mapping[str, Any]) -> JobFilter:
    """The filter that a query describes; where `q` and a parameter name the same filter, the parameter counts.

    FilterError names what cannot be used.
    """
    texts = {name: words[name] for name in JobFilter.names() if name in words}
    return JobFilter.read({**search_query.parse(words.get("q", "")), **texts})


def _parameter(declared: filtering.Filter) -> serializers.Field[Any, Any, Any, Any]:
    kind, help_text = declared.kind, declared.help_text
    if isinstance(kind, filtering.Choice):
        return WordParameter(kind.words, help_text=help_text)
    if isinstance(kind, filtering.Moment):
        return MomentParameter(help_text=help_text)
    if isinstance(kind, filtering.States):
        return StatesParameter(required=False, help_text=help_text)
    return TextParameter(kind.max_length, help_text=help_text)
