"""Template texts, JSON or YAML with CloudFormation's short tags, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml

from engine.stack_templates import TemplateError

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
#: Bounds of our own: the engine answers nobody else while it walks through a template.
_MOST_VALUES = 50_000
_DEEPEST = 100
_TOO_DEEP = "Template format error: it is nested too deeply."
_JSON_TYPES = (str, int, float, dict, list, type(None))


#: The parser in C reads a large template many times faster; some builds of PyYAML lack it.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]  # its class is chosen above
    """Reads !Sub and the like as functions and dates as texts."""


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
        value = json.loads(text) if text.lstrip().startswith("{") else _parse_yaml(text)
    except yaml.YAMLError as error:
        raise TemplateError(
            f"Template format error: YAML not well-formed. {' '.join(str(error).split())}"
        ) from None
    except ValueError as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError(f"Template format error: JSON not well-formed. {error}") from None
    except RecursionError:
        raise TemplateError(_TOO_DEEP) from None
    if not isinstance(value, dict):
        raise TemplateError("Template format error: unsupported structure.")
    _check_values(value)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise TemplateError("Template format error: it has characters that are not UTF-8.") from None
    return value


def _parse_yaml(text: str) -> Any:
    """The document of a YAML text. Its events are checked before anything is built of them."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, _Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise TemplateError(
                "Template format error: YAML aliases are not allowed in CloudFormation templates."
            )
        if depth > _DEEPEST:
            raise TemplateError(_TOO_DEEP)
        if number > 2 * _MOST_VALUES:
            raise _too_many()
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader


def _check_values(document: Any) -> None:
    """Raise TemplateError for a document that is too large or too deep, or has other values than JSON has."""
    count, layer = 0, [document]
    for _ in range(_DEEPEST):
        count += len(layer)
        if count > _MOST_VALUES:
            raise _too_many()
        if foreign := [value for value in layer if not isinstance(value, _JSON_TYPES)]:
            raise TemplateError(f"Template format error: {foreign[0]!r} is no value of a template.")
        layer = [inner for value in layer for inner in _inner_values(value)]
        if not layer:
            return
    raise TemplateError(_TOO_DEEP)


def _inner_values(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_many() -> TemplateError:
    return TemplateError(f"Template format error: it has more than {_MOST_VALUES:,} values.")
