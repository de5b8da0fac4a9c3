"""Paths into JSON documents, as in Steps.Clean.ProcessingOutputConfig.Outputs['rows'].S3Output.S3Uri."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.pipeline_definitions.members import names

_TOKEN = re.compile(
    r"\.?(?P<member>[A-Za-z_][\w-]*)|\[(?P<index>\d{1,9})\]|\[(?P<quote>['\"])(?P<key>[^'\"]*)(?P=quote)\]"
)


class BadPropertyPath(ValueError):
    """A text is not a path."""


class NotThere(LookupError):
    """A document has no value at the path. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class NamePart:
    """['text']: the entry of a map, or the member of a list that has this name."""

    text: str


#: The parts of a path: members of objects, positions in lists, and keys.
Path = tuple[str | int | NamePart, ...]


def parse_path(text: str) -> Path:
    """Parse member.member['name'][0], with or without a leading `$`. Raises BadPropertyPath."""
    path_text = text.removeprefix("$")
    parts: list[str | int | NamePart] = []
    position = 0
    while position < len(path_text):
        token = _TOKEN.match(path_text, position)
        if token is None:
            raise BadPropertyPath(
                f"{text!r} is not a path at {path_text[position:][:20]!r}; write member.member, ['name'] or [0]."
            )
        if token["member"] is not None:
            parts.append(token["member"])
        else:
            parts.append(int(token["index"]) if token["index"] is not None else NamePart(token["key"]))
        position = token.end()
    return tuple(parts)


def look_up(document: Any, path: Path) -> Any:
    """The value at the path. Raises NotThere."""
    value = document
    for number, part in enumerate(path):
        value = _part(value, part, written(path[:number]))
    return value


def written(path: Path) -> str:
    """The path as a text."""
    text = ""
    for part in path:
        if isinstance(part, NamePart):
            text += f"['{part.text}']"
        else:
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _part(value: Any, part: str | int | NamePart, place: str) -> Any:
    subject = f"{place!r}" if place else "The document"
    if isinstance(part, int):
        if not isinstance(value, list):
            raise NotThere(f"{subject} is not a list, [{part}] is not there.")
        if part >= len(value):
            raise NotThere(f"{subject} has {len(value)} items, [{part}] is not there.")
        return value[part]
    name = part.text if isinstance(part, NamePart) else part
    if isinstance(part, NamePart) and isinstance(value, list):
        return _named(value, name, subject)
    if not isinstance(value, Mapping):
        raise NotThere(f"{subject} is not an object, {name!r} is not there.")
    if name not in value:
        raise NotThere(f"{subject} has no {name!r}; it has {names([str(key) for key in value])}.")
    return value[name]


def _named(items: list[Any], name: str, subject: str) -> Any:
    """The item of the list whose Name, OutputName, InputName or other …Name is that text."""
    for item in items:
        if isinstance(item, Mapping) and any(
            key.endswith("Name") and value == name for key, value in item.items()
        ):
            return item
    raise NotThere(f"{subject} has no item of the name {name!r}.")
