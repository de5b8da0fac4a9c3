"""The facts of a field, for rules, forms, API schemas and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, replace
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Self, get_args, get_origin


class Kind(Enum):
    """What a field's value is."""

    TEXT = "text"
    CHOICE = "one of some words"
    WHOLE = "whole number"
    AMOUNT = "amount of US dollars"
    FLAG = "true or false"
    WORDS = "list of words"
    TEXTS = "object of texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """A field's bounds and texts. `name`, `kind`, `required` and `default` come from the dataclass that declares it.

    `help` is for the API's schema and the documents, `hint` for the form; `{bounds}` and `{default}` in them are
    filled in. Without `help`, `hint` serves both.
    """

    label: str
    help: str = ""
    hint: str = ""
    #: The text that the form shows in an empty field.
    example: str = ""
    #: The id of the form's list of suggestions.
    suggestions: str = ""
    #: The heading of a document that explains the field, such as `jobs#input`; empty: that of its section in the form.
    help_link: str = ""
    #: The least and the largest number, both allowed.
    low: Any = None
    high: Any = None
    #: The fewest and the most characters of a text, or of each text of an object.
    shortest: int = 0
    longest: int | None = None
    #: The most members of a list or of an object.
    most: int | None = None
    #: The regular expression that a text, or each word of a list, must match as a whole.
    pattern: str = ""
    #: What the value must be, in words, for fields whose bounds do not say it.
    must_be: str = ""
    #: The words to choose from, each with its meaning; empty for a word that explains itself.
    choices: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    kind: Kind = Kind.TEXT
    required: bool = False
    default: Any = None

    def of(self, declared: Field[Any], annotation: Any, prefix: str = "") -> Self:
        """The facts completed by the dataclass's field: its name after `prefix`, its kind, and its default."""
        factory = declared.default_factory
        default = declared.default if factory is MISSING else factory()
        named = replace(
            self,
            name=f"{prefix}{declared.name}",
            kind=Kind.CHOICE if self.choices else _kind(annotation),
            # An empty text is not a value: a field with this default is required in its group.
            required=default in (MISSING, ""),
            default=None if default is MISSING else default,
        )
        return replace(named, help=named._filled(self.help or self.hint), hint=named._filled(self.hint))

    @property
    def bounds(self) -> str:
        """The allowed numbers in words, such as `1 to 100`; empty for a field without bounds."""
        if self.low is None:
            return ""
        return f"{self.low:,} or more" if self.high is None else f"{self.low:,} to {self.high:,}"

    def _filled(self, text: str) -> str:
        return text.replace("{bounds}", self.bounds).replace("{default}", str(self.default))


def _kind(annotation: Any) -> Kind:
    """The kind of a dataclass field's type; `int | None` is that of `int`."""
    types = [annotation]
    if isinstance(annotation, UnionType):
        types = [part for part in get_args(annotation) if part is not type(None)]
    (value_type,) = types
    return _KINDS[get_origin(value_type) or value_type]


_KINDS: dict[Any, Kind] = {
    str: Kind.TEXT,
    int: Kind.WHOLE,
    bool: Kind.FLAG,
    Decimal: Kind.AMOUNT,
    tuple: Kind.WORDS,
    Mapping: Kind.TEXTS,
}
