"""Reading members of JSON objects with errors that name the place, the member, the value and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

#: Maximum characters of a value that an error repeats.
_LONGEST_SHOWN = 80

_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a whole number"}


class BadDefinition(ValueError):
    """A definition is not valid. The message is a sentence that names the place, the value and what is allowed."""


def as_json(value: Any) -> str:
    """The value as JSON, cut if it is long."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def names(values: Collection[str]) -> str:
    """The names in a sentence; "none" if there are none."""
    return ", ".join(values) if values else "none"


def read_object(
    place: str, value: Any, allowed: Collection[str], required: Collection[str] = ()
) -> dict[str, Any]:
    """The JSON object. Raises BadDefinition for another value, an unknown member or a missing one."""
    if not isinstance(value, dict):
        raise BadDefinition(f"{place} is {as_json(value)}; it must be an object.")
    for name in value:
        if name not in allowed:
            raise BadDefinition(f"{place} has the member {name!r}; its members are {names(allowed)}.")
    for name in required:
        if name not in value:
            raise BadDefinition(f"{place} has no {name}; it must have {names(required)}.")
    return value


def read_member(place: str, value: Mapping[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """The member of that kind; `default` if it is absent. Raises BadDefinition for another kind."""
    if name not in value:
        return default
    member = value[name]
    if not isinstance(member, kind) or (kind is int and isinstance(member, bool)):
        raise BadDefinition(f"{place}: {name} is {as_json(member)}; it must be {_KINDS[kind]}.")
    return member


def read_texts(place: str, value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The member that is a list of texts; empty if it is absent. Raises BadDefinition."""
    items = read_member(place, value, name, list, [])
    for item in items:
        if not isinstance(item, str):
            raise BadDefinition(f"{place}: {name} has {as_json(item)}; its items must be texts.")
    return tuple(items)
