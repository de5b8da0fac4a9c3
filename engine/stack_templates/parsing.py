"""Template texts, JSON or YAML with CloudFormation's short tags, as plain values."""

from __future__ import annotations

import json
from typing import Any

import yaml

from engine.stack_templates import TemplateError

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Reads !Sub and the like as functions and dates as texts, and refuses aliases, as CloudFormation does."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise TemplateError(
                "Template format error: YAML aliases are not allowed in CloudFormation templates."
            )
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def parse_text(text: str) -> dict[str, Any]:
    """The template's sections. Raises TemplateError."""
    try:
        value = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise TemplateError(
            f"Template format error: YAML not well-formed. {' '.join(str(error).split())}"
        ) from None
    except ValueError as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(f"Template format error: JSON not well-formed. {error}") from None
    except RecursionError:
        raise TemplateError("Template format error: it is nested too deeply.") from None
    if not isinstance(value, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return value
