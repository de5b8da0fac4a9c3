"""What the names in a template stand for in one stack, and the properties that its resources get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.stack_templates import TemplateError
from engine.stack_templates.functions import evaluate
from engine.stack_templates.parameters import value_of
from engine.stack_templates.template import Template, TemplateResource

#: Stands for what a resource that does not exist yet will be, when changes are planned.
UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True, slots=True)
class StackValues:
    """Implements `engine.stack_templates.functions.TemplateNames`.

    `pseudo` has the pseudo parameters, `parameters` the texts of the template's. `physical_ids` and `attributes` are
    those of the resources that exist; others are UNKNOWN.
    """

    template: Template
    pseudo: Mapping[str, Any]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    physical_ids: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Conditions that were evaluated. They depend on parameters alone, so copies for other resources share them.
    _conditions: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def ref(self, name: str) -> Any:
        """The value of a parameter, pseudo parameter or resource."""
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.template.parameters:
            return value_of(self.template.parameters[name], self.parameters[name])
        return self.physical_ids.get(name, UNKNOWN)

    def attribute(self, resource: str, name: str) -> Any:
        """An attribute of a resource."""
        return self.attributes.get(resource, {}).get(name, UNKNOWN)

    def condition(self, name: str) -> bool:
        """Whether a condition holds. Raises TemplateError."""
        if name not in self._conditions:
            self._conditions[name] = bool(evaluate(self.template.conditions[name], self))
        return self._conditions[name]

    def resources(self) -> Iterator[TemplateResource]:
        """The resources whose conditions hold, in the order of creation."""
        for resource in self.template.resources.values():
            if resource.condition is None or self.condition(resource.condition):
                yield resource

    def properties(self, resource: TemplateResource) -> dict[str, Any]:
        """The resource's properties with the stack's tags. Raises TemplateError."""
        properties: dict[str, Any] = evaluate(resource.properties, self)
        if resource.type.tags == "list" and (self.tags or "Tags" in properties):
            own_tags = {str(tag.get("Key")): tag.get("Value") for tag in _own_tags(properties)}
            properties["Tags"] = [
                {"Key": key, "Value": value} for key, value in (dict(self.tags) | own_tags).items()
            ]
        elif resource.type.tags == "map" and (self.tags or "Tags" in properties):
            properties["Tags"] = dict(self.tags) | _own_tag_map(properties)
        return properties

    def outputs(self) -> list[dict[str, str]]:
        """The outputs whose conditions hold. Raises TemplateError."""
        bodies = {
            name: body
            for name, body in self.template.outputs.items()
            if "Condition" not in body or self.condition(body["Condition"])
        }
        # Evaluated together, for one bound of all texts. The inner lists keep the place of AWS::NoValue.
        values = evaluate([[body["Value"]] for body in bodies.values()], self)
        outputs = []
        for (name, body), held_value in zip(bodies.items(), values, strict=True):
            value = held_value[0] if held_value else None
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            description = {"Description": str(body["Description"])} if "Description" in body else {}
            outputs.append({"OutputKey": name, "OutputValue": text, **description})
        return outputs


def _own_tags(properties: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tags = properties.get("Tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, Mapping) for tag in tags):
        raise TemplateError(f"Tags must be a list of objects with Key and Value, not {tags!r}.")
    return tags


def _own_tag_map(properties: Mapping[str, Any]) -> dict[str, Any]:
    tags = properties.get("Tags", {})
    if not isinstance(tags, Mapping):
        raise TemplateError(f"Tags must be an object, not {tags!r}.")
    return dict(tags)
