"""Query parameters: an operation accepts, validates and documents those that it declares, and refuses others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from jobs.api.field_errors import sentences
from jobs.services.errors import InvalidFields
from teams.whole_numbers import LARGEST_ID

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class Query(serializers.Serializer[Any]):
    """The query parameters of an operation; this base class has none."""

    @property
    def words(self) -> dict[str, Any]:
        """The validated parameters by name; missing ones have their default, if there is one."""
        return dict(self.validated_data)


def takes(query: type[Query]) -> Callable[[_Handler], _Handler]:
    """Declare the query parameters of a view's method."""

    def declare(handler: _Handler) -> _Handler:
        handler.query = query  # type: ignore[attr-defined]  # read by `TeamView`
        declared: _Handler = extend_schema(parameters=[query])(handler)
        return declared

    return declare


def read(query: type[Query], query_words: QueryDict) -> dict[str, Any]:
    """Parse the query of a URL; raises InvalidFields with every parameter that cannot be used."""
    names = list(query().fields)
    there_are = f"there are {', '.join(names)}" if names else "there are none"
    problems = {
        word[:60]: [f"It is no parameter here; {there_are}."] for word in query_words if word not in names
    }
    problems |= {
        word: ["It can be given once."]
        for word, values in query_words.lists()
        if word not in problems and len(values) > 1
    }
    checked = query(data={word: query_words[word] for word in names if word in query_words})
    if not checked.is_valid():
        problems = sentences(checked.errors) | problems
    if problems:
        raise InvalidFields(problems)
    return checked.words


class TextParameter(serializers.CharField):
    """A text, which is not stripped and may be empty; `most` is its greatest length in characters."""

    def __init__(self, most: int = 1024, **options: Any) -> None:
        defaults = {"required": False, "allow_blank": True, "trim_whitespace": False, "max_length": most}
        super().__init__(**{**defaults, **options})


class WordParameter(serializers.ChoiceField):
    """One of some words."""

    def __init__(self, words: Sequence[str], **options: Any) -> None:
        message = f"It must be one of {', '.join(words)}."
        super().__init__(choices=words, required=False, error_messages={"invalid_choice": message}, **options)


class NumberParameter(serializers.IntegerField):
    """A whole number from `least` to `most`."""

    def __init__(self, least: int = 1, most: int = LARGEST_ID, **options: Any) -> None:
        says = (
            f"It must be a whole number from {least} to {most:,}."
            if most < LARGEST_ID
            else (f"It must be a whole number, {least} or more.")
        )
        names = ("invalid", "min_value", "max_value", "max_string_length")
        super().__init__(
            required=False,
            min_value=least,
            max_value=most,
            error_messages=dict.fromkeys(names, says),
            **options,
        )


class FlagParameter(serializers.BooleanField):
    """true or false."""

    TRUE_VALUES = {"true"}
    FALSE_VALUES = {"false"}
    NULL_VALUES: set[str | None] = set()

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, error_messages={"invalid": "It must be true or false."}, **options)


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
            {"type": "string", "pattern": "^[0-9]{1,4}[hdw]$"},
        ]
    }
)
class MomentParameter(serializers.CharField):
    """A date, a time, or a time span such as 7d; `JobFilter` parses it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)


class PageQuery(Query):
    """The page of a list."""

    before = NumberParameter(help_text="Out of `next`: the rows after this one.")
    after = NumberParameter(help_text="Out of `previous`: the rows before this one.")
    limit = NumberParameter(most=200, default=50, help_text="How many rows.")
