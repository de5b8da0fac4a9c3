"""A parsed template that has only what the engine supports, with its resources in the order of their dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from engine.stack_templates import TemplateError
from engine.stack_templates.functions import PSEUDO_PARAMETERS, Reference, references
from engine.stack_templates.parameters import check_declarations
from engine.stack_templates.parsing import parse_text
from engine.stack_templates.resource_types import RESOURCE_TYPES, ResourceType

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Conditions",
        "Resources",
        "Outputs",
    }
)
_RESOURCE_MEMBERS = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}
)
_OUTPUT_MEMBERS = frozenset({"Value", "Description", "Condition"})
_POLICIES = ("Delete", "Retain")
_LOGICAL_ID = re.compile(r"[a-zA-Z0-9]{1,255}")
_VERSION = "2010-09-09"
#: Resources and outputs of a template (quotas of CloudFormation).
_MOST_RESOURCES = 500
_MOST_OUTPUTS = 200


@dataclass(frozen=True, slots=True)
class TemplateResource:
    """A resource of a template. `dependencies` are logical ids, of DependsOn and of what its properties use."""

    logical_id: str
    type: ResourceType
    properties: Mapping[str, Any]
    dependencies: frozenset[str]
    condition: str | None
    deletion_policy: str
    replace_policy: str


@dataclass(frozen=True, slots=True)
class Template:
    """A template. `resources` are in the order of creation."""

    text: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Any]
    resources: Mapping[str, TemplateResource]
    outputs: Mapping[str, Mapping[str, Any]]


def parse_template(text: str) -> Template:
    """Parse and check a template. Raises TemplateError."""
    try:
        return _parse_sections(text, parse_text(text))
    except RecursionError:
        raise TemplateError("Template format error: its conditions form too long a chain.") from None


def _parse_sections(text: str, sections: Mapping[str, Any]) -> Template:
    if unknown := sorted(map(str, set(sections) - _SECTIONS)):
        raise TemplateError(
            f"The embedded engine has no section {unknown[0]!r} of templates; it has {', '.join(sorted(_SECTIONS))}."
        )
    if str(sections.get("AWSTemplateFormatVersion", _VERSION)) != _VERSION:
        raise TemplateError(f"Template format error: AWSTemplateFormatVersion must be {_VERSION}.")
    parameters, conditions = _section(sections, "Parameters"), _section(sections, "Conditions")
    resources, outputs = _section(sections, "Resources"), _section(sections, "Outputs")
    if not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    if len(resources) > _MOST_RESOURCES or len(outputs) > _MOST_OUTPUTS:
        raise TemplateError(
            f"A template has at most {_MOST_RESOURCES} resources and {_MOST_OUTPUTS} outputs."
        )
    check_declarations(parameters)
    parsed = {logical_id: _resource(logical_id, body) for logical_id, body in resources.items()}
    template = Template(
        text,
        str(sections.get("Description", "")),
        parameters,
        conditions,
        _in_order(parsed, resources),
        outputs,
    )
    _check_references(template)
    return template


def _section(sections: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = sections.get(name) or {}
    if not isinstance(section, dict):
        raise TemplateError(f"Template format error: {name} must be an object.")
    for key in section:
        if not isinstance(key, str) or not _LOGICAL_ID.fullmatch(key):
            raise TemplateError(f"Template format error: {name} name '{key}' is non alphanumeric.")
    return section


def _resource(logical_id: str, body: Any) -> TemplateResource:
    if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type."
        )
    if unknown := sorted(map(str, set(body) - _RESOURCE_MEMBERS)):
        raise TemplateError(f"The embedded engine has no {unknown[0]} of a resource, which {logical_id} has.")
    resource_type = RESOURCE_TYPES.get(body["Type"])
    if resource_type is None:
        raise TemplateError(
            f"The embedded engine has no resource type {body['Type']!r}, which {logical_id} has; it has "
            f"{', '.join(RESOURCE_TYPES)}."
        )
    properties = body.get("Properties") or {}
    if not isinstance(properties, Mapping):
        raise TemplateError(f"[/Resources/{logical_id}/Properties] must be an object.")
    if unknown := sorted(map(str, set(properties) - resource_type.properties)):
        raise TemplateError(
            f"Encountered unsupported property {unknown[0]} of {logical_id} ({resource_type.name})."
        )
    if missing := sorted(resource_type.required - set(properties)):
        raise TemplateError(f"Property {missing[0]} of {logical_id} ({resource_type.name}) cannot be empty.")
    return TemplateResource(
        logical_id,
        resource_type,
        properties,
        frozenset(_depends_on(logical_id, body.get("DependsOn", []))),
        _name(body.get("Condition"), f"Condition of {logical_id}"),
        _policy(logical_id, body, "DeletionPolicy"),
        _policy(logical_id, body, "UpdateReplacePolicy"),
    )


def _depends_on(logical_id: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TemplateError(f"DependsOn of {logical_id} must be a name or a list of names, not {value!r}.")
    return names


def _name(value: Any, place: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TemplateError(f"{place} must be a name, not {value!r}.")
    return value


def _policy(logical_id: str, body: Mapping[str, Any], member: str) -> str:
    policy = body.get(member, "Delete")
    if policy not in _POLICIES:
        raise TemplateError(
            f"{member} of {logical_id} cannot be {policy!r}; it is one of {', '.join(_POLICIES)}."
        )
    return str(policy)


def _in_order(
    resources: Mapping[str, TemplateResource], names: Mapping[str, Any]
) -> dict[str, TemplateResource]:
    """The resources with all their dependencies, each behind those it depends on. Raises TemplateError."""
    edges: dict[str, set[str]] = {}
    for logical_id, resource in resources.items():
        uses = {reference.name for reference in references(resource.properties) if reference.name in names}
        edges[logical_id] = uses | resource.dependencies
        if absent := sorted(resource.dependencies - set(resources)):
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{absent[0]}] of {logical_id}."
            )
    try:
        order = list(TopologicalSorter(edges).static_order())
    except CycleError as error:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(error.args[1])}]") from None
    return {
        logical_id: TemplateResource(
            logical_id,
            resources[logical_id].type,
            resources[logical_id].properties,
            frozenset(edges[logical_id]),
            resources[logical_id].condition,
            resources[logical_id].deletion_policy,
            resources[logical_id].replace_policy,
        )
        for logical_id in order
    }


def _check_references(template: Template) -> None:
    for output, body in template.outputs.items():
        if not isinstance(body, Mapping) or "Value" not in body:
            raise TemplateError(f"Template format error: Output {output} must have a Value.")
        if unknown := sorted(map(str, set(body) - _OUTPUT_MEMBERS)):
            raise TemplateError(f"The embedded engine has no {unknown[0]} of an output, which {output} has.")
    for place, value, may_use_resources in _values(template):
        for reference in references(value):
            _check_reference(template, place, reference, may_use_resources)
    checked: set[str] = set()
    for name in template.conditions:
        _check_condition(template, name, (), checked)


def _values(template: Template) -> Iterator[tuple[str, Any, bool]]:
    """(Where it is, a value, whether it may use resources) for each part of a template that may use names."""
    for name, condition in template.conditions.items():
        yield f"Conditions/{name}", condition, False
    for name, resource in template.resources.items():
        yield f"Resources/{name}", resource.properties, True
        if resource.condition is not None:
            yield f"Resources/{name}", {"Condition": resource.condition}, True
    for name, output in template.outputs.items():
        yield f"Outputs/{name}", output["Value"], True
        if "Condition" in output:
            yield f"Outputs/{name}", {"Condition": output["Condition"]}, True


def _check_reference(template: Template, place: str, reference: Reference, may_use_resources: bool) -> None:
    name = reference.name
    if reference.is_condition:
        if name not in template.conditions:
            raise TemplateError(f"Template format error: Unresolved condition dependency {name} in {place}.")
        return
    resource = template.resources.get(name) if may_use_resources else None
    if reference.attribute is None:
        if resource is None and name not in template.parameters and name not in PSEUDO_PARAMETERS:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{name}] in {place}."
            )
        return
    if resource is None:
        raise TemplateError(f"Template format error: Unresolved resource dependencies [{name}] in {place}.")
    if reference.attribute not in resource.type.attributes:
        allowed = ", ".join(sorted(resource.type.attributes)) or "none"
        raise TemplateError(
            f"Template error: resource {name} does not support attribute type {reference.attribute} in Fn::GetAtt; "
            f"{resource.type.name} has {allowed}."
        )


def _check_condition(template: Template, name: str, users: tuple[str, ...], checked: set[str]) -> None:
    """Raise TemplateError for a circle. Each condition is followed once, since many may use the same ones."""
    if name in users:
        raise TemplateError(f"Circular dependency between conditions: [{', '.join(users)}]")
    if name in checked:
        return
    for reference in references(template.conditions[name]):
        if reference.is_condition:
            _check_condition(template, reference.name, (*users, name), checked)
    checked.add(name)
