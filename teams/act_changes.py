"""What an act changed, field by field, for the record of acts; secrets are never part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

#: What stands for a value that is not recorded.
HIDDEN = "(not recorded)"
#: Parts of names whose values are, or may contain, a secret: keys, addresses of webhooks, environments of models.
_SECRET = ("secret", "password", "token", "digest", "address", "env", "external_id", "_key")
_LONGEST = 500

Values = dict[str, Any]


def values_of(row: models.Model) -> Values:
    """The row's values by field, before or after a change; a related row is its text."""
    return {
        field.name: str(getattr(row, field.name)) if field.is_relation else field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.editable and not field.primary_key and not isinstance(field, models.DateTimeField)
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By name of a field the value `from` and `to`, where they differ; a member of an object has a dotted name."""
    changes: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_secret(name):
            inner = differences(old, new)
            changes |= {f"{name}.{part}": change for part, change in inner.items()}
        else:
            changes[name] = {"from": _recorded(name, old), "to": _recorded(name, new)}
    return changes


def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in _SECRET)


def _recorded(name: str, value: Any) -> Any:
    """The value as it is recorded: JSON, without secrets, and not longer than a person reads."""
    if value in (None, "", [], {}):
        return value
    if _is_secret(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(part): _recorded(str(part), inner) for part, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_recorded(name, item) for item in value]
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else DjangoJSONEncoder().encode(value).strip('"')
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
