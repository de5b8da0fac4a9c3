"""Checks a request against the constraints of its botocore shape.

Clients check some of them; enums, patterns and maxima only the service checks. The messages have AWS's form,
"Value 'x' at 'tags.1.member.key' failed to satisfy constraint: Member must ...", which people and programs know.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from engine.wire.parsing import most_items

#: Values that are allowed beyond the shape's enum. `local` and `local_gpu` are the SageMaker SDK's names for the
#: local machine.
ALSO_ALLOWED: Mapping[str, frozenset[str]] = {"TransformInstanceType": frozenset({"local", "local_gpu"})}

#: Maximum seconds for matching a pattern, far above that of honest values.
_PATTERN_TIMEOUT = 1.0

#: Maximum length of a text that is matched against its pattern if the model allows no longer ones.
_LONGEST_MATCHED = 4096

#: Maximum items of a list or map that a message repeats.
_MOST_SHOWN = 100

_NUMBERS = ("integer", "long", "float", "double")


def validate(shape: StructureShape, params: Mapping[str, Any]) -> str | None:
    """A message with all problems of the parsed parameters; None if there are none."""
    problems = list(_structure_problems(shape, params, ""))
    if not problems:
        return None
    noun = "error" if len(problems) == 1 else "errors"
    return f"{len(problems)} validation {noun} detected: " + "; ".join(problems)


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path + ".")
        return
    for constraint in _own_constraints(shape, value):
        yield _sentence(_printed(value), path, constraint)
    if isinstance(shape, ListShape | MapShape) and len(value) > most_items(shape):
        return
    if isinstance(shape, ListShape):
        yield from _list_problems(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _map_problems(shape, value, path)


def _structure_problems(shape: StructureShape, value: Mapping[str, Any], prefix: str) -> Iterator[str]:
    required = set(shape.required_members)
    for name, member in shape.members.items():
        path = prefix + name[0].lower() + name[1:]
        if name in value:
            yield from _problems(member, value[name], path)
        elif name in required:
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _list_problems(shape: ListShape, items: list[Any], path: str) -> Iterator[str]:
    for number, item in enumerate(items, start=1):
        yield from _problems(shape.member, item, f"{path}.{number}.member")


def _map_problems(shape: MapShape, items: Mapping[str, Any], path: str) -> Iterator[str]:
    for part, member, values in (
        ("keys", shape.key, list(items)),
        ("value", shape.value, list(items.values())),
    ):
        broken = dict.fromkeys(text for value in values for text in _own_constraints(member, value))
        if broken:
            yield _sentence(
                _printed(items), path, f"Map {part} must satisfy constraint: [{', '.join(broken)}]"
            )
    if not isinstance(shape.value, StringShape):
        for key, value in items.items():
            yield from _problems(shape.value, value, f"{path}.{key}.member")


def _own_constraints(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints of this shape, not of its members, that `value` does not satisfy."""
    if shape.type_name in _NUMBERS:
        yield from _bounds(shape, value, "value")
    elif isinstance(shape, ListShape | MapShape):
        yield from _bounds(shape, len(value), "length", most_items(shape))
    elif shape.type_name in ("string", "blob"):
        yield from _bounds(shape, len(value), "length")
    if isinstance(shape, StringShape):
        yield from _text_constraints(shape, value)


def _bounds(shape: Shape, size: float, noun: str, most: int | None = None) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max", most)
    if low is not None and size < low:
        yield f"Member must have {noun} greater than or equal to {low}"
    if high is not None and size > high:
        yield f"Member must have {noun} less than or equal to {high}"


def _text_constraints(shape: StringShape, value: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum and value not in ALSO_ALLOWED.get(shape.name, ()):
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if (
        pattern
        and len(value) <= max(_LONGEST_MATCHED, shape.metadata.get("max", 0))
        and not _matches(pattern, value)
    ):
        yield f"Member must satisfy regular expression pattern: {pattern}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    if compiled is None:
        return True
    try:
        return compiled.fullmatch(value, timeout=_PATTERN_TIMEOUT) is not None
    except TimeoutError:
        return False


@functools.cache
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """Compile a Java pattern; None if it has no equivalent here, as a handful have not."""
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _sentence(value_text: str, path: str, constraint: str) -> str:
    return f"Value '{value_text}' at '{path}' failed to satisfy constraint: {constraint}"


def _printed(value: Any) -> str:
    """The value as AWS prints it: lists and maps in Java's form."""
    if isinstance(value, Mapping):
        return "{" + _joined(f"{key}={_printed(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + _joined(_printed(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _joined(texts: Iterator[str]) -> str:
    first = list(islice(texts, _MOST_SHOWN))
    return ", ".join([*first, "..."] if next(texts, None) is not None else first)
