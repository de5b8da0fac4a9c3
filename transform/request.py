"""Where CreateTransformJob's JSON has each field, and the conversion of fields to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transform.request_fields import FIELDS

#: SDK field -> path in the CreateTransformJob request.
PATHS: dict[str, tuple[str, ...]] = {name: entry.path for name, entry in FIELDS.items()}

_NAMES = {path: name for name, path in PATHS.items()}
_GROUPS = {path[:depth] for path in PATHS.values() for depth in range(1, len(path))}


def read_request(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read a CreateTransformJob request. Returns (values, errors).

    Values have the SDK's field names. Errors are sentences by the SDK's field name, or by the request's path for
    a member that has none.
    """
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    _walk(request, (), values, errors)
    if "tags" in values:
        values["tags"] = _tags_from_list(values["tags"], errors)
    return values, errors


def write_request(values: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateTransformJob request of these fields. Fields that are None or missing are left out."""
    request: dict[str, Any] = {}
    for name, path in PATHS.items():
        value = _lookup(values, name)
        if value is not None:
            node = request
            for part in path[:-1]:
                node = node.setdefault(part, {})
            node[path[-1]] = value
    if "Tags" in request:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in request["Tags"].items()]
    return request


def _walk(
    node: Mapping[str, Any], at: tuple[str, ...], values: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    for key, value in node.items():
        path = (*at, str(key))
        if path in _NAMES:
            _store(values, _NAMES[path], value)
        elif path not in _GROUPS:
            errors[".".join(path)] = ["CreateTransformJob has no such field."]
        elif isinstance(value, Mapping):
            _walk(value, path, values, errors)
        elif value is not None:
            errors[".".join(path)] = ["It must be an object."]


def _store(values: dict[str, Any], name: str, value: Any) -> None:
    group, _, inner = name.partition(".")
    if inner:
        values.setdefault(group, {})[inner] = value
    else:
        values[name] = value


def _lookup(values: Mapping[str, Any], name: str) -> Any:
    group, _, inner = name.partition(".")
    return (values.get(group) or {}).get(inner) if inner else values.get(name)


def _tags_from_list(tags: Any, errors: dict[str, list[str]]) -> dict[str, Any]:
    """`[{"Key": …, "Value": …}]` as a mapping, which is how the SDK and our API write tags."""
    well_formed = isinstance(tags, list) and all(
        isinstance(tag, Mapping) and set(tag) == {"Key", "Value"} and isinstance(tag["Key"], str)
        for tag in tags
    )
    if not well_formed:
        errors["tags"] = ['Tags must be a list of {"Key": …, "Value": …}.']
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}
