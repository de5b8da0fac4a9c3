"""Fields of request bodies that take JSON of the right type alone, and say in one sentence what it must be."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

_CODES = (
    *("required", "null", "blank", "invalid", "invalid_choice", "max_length", "min_length", "not_a_list"),
    *("not_a_dict", "empty"),
)


def one_sentence(sentence: str) -> dict[str, Any]:
    """The error messages of a field that answers every wrong value with this sentence."""
    # The messages are format strings.
    return dict.fromkeys(_CODES, sentence.replace("{", "{{").replace("}", "}}"))


class JsonText(serializers.CharField):
    """A text; numbers are not taken for texts."""

    def to_internal_value(self, data: Any) -> str:
        """The text, without white space around it."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class ServiceText(JsonText):
    """A text whose length and form the service checks; here they are for the schema only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=one_sentence("It must be a text."), **options)

    def run_validation(self, data: Any = empty) -> Any:
        """The text as it is."""
        return data if isinstance(data, str) else super().run_validation(data)


class JsonFlag(serializers.BooleanField):
    """true or false; neither texts nor numbers are taken for them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=one_sentence("It must be true or false."), **options)

    def to_internal_value(self, data: Any) -> bool:
        """The value."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class JsonCount(serializers.IntegerField):
    """A whole number from `low` to `high`; texts are not taken for numbers."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        codes = ("invalid", "null", "min_value", "max_value", "max_string_length")
        sentence = f"It must be a whole number from {low} to {high:,}."
        errors: dict[str, Any] = dict.fromkeys(codes, sentence)
        super().__init__(min_value=low, max_value=high, error_messages=errors, **options)

    def to_internal_value(self, data: Any) -> int:
        """The value."""
        if type(data) is not int:
            self.fail("invalid")
        return int(super().to_internal_value(data))


class CheckedLater(serializers.CharField):
    """A text that the service checks, which names the part that it is of."""

    def run_validation(self, data: Any = None) -> Any:
        """The value as it is."""
        return data


class KeyList(serializers.ListField):
    """Ids of jobs, as a list of texts."""

    child = serializers.CharField()

    def run_child_validation(self, data: Any) -> list[str]:
        """The ids; one that is not a text makes the whole list wrong."""
        if not all(isinstance(key, str) for key in data):
            self.fail("not_a_list", input_type="list")
        return list(data)
