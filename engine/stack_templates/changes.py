"""What a template changes in a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.stack_templates.resource_types import ResourceType
from engine.stack_templates.stack_values import StackValues


@dataclass(frozen=True, slots=True)
class Current:
    """A resource that the stack has."""

    type: str
    physical_id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one resource; `properties` are those that differ."""

    logical_id: str
    type: str
    action: Literal["Add", "Modify", "Remove"]
    physical_id: str | None = None
    is_replacement: bool = False
    properties: tuple[str, ...] = ()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The properties that differ."""
    return tuple(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))


def needs_replacement(resource_type: ResourceType, type_before: str, properties: tuple[str, ...]) -> bool:
    """Whether a change of these properties needs another resource."""
    return resource_type.name != type_before or not resource_type.replaces.isdisjoint(properties)


def plan(values: StackValues, current: Mapping[str, Current]) -> list[Change]:
    """The changes from `current` to the template, in the order in which they are made. Raises TemplateError.

    What depends on a resource that is added or replaced differs.
    """
    changes: list[Change] = []
    existing = {name for name in current if name in values.template.resources}
    names: list[str] = []
    for resource in values.resources():
        names.append(resource.logical_id)
        now = current.get(resource.logical_id)
        if now is None:
            changes.append(Change(resource.logical_id, resource.type.name, "Add"))
            continue
        values_now = replace(
            values,
            physical_ids={name: text for name, text in values.physical_ids.items() if name in existing},
            attributes={name: texts for name, texts in values.attributes.items() if name in existing},
        )
        properties = differences(now.properties, values_now.properties(resource))
        if not properties and now.type == resource.type.name:
            continue
        is_replacement = needs_replacement(resource.type, now.type, properties)
        if is_replacement:
            existing.discard(resource.logical_id)
        changes.append(
            Change(
                resource.logical_id, resource.type.name, "Modify", now.physical_id, is_replacement, properties
            )
        )
    removals = [
        Change(name, row.type, "Remove", row.physical_id)
        for name, row in current.items()
        if name not in names
    ]
    return changes + removals
