"""The constraints of a botocore shape, and AWS's sentences about those that a request breaks.

botocore checks some of them before it sends; enums, patterns and maxima only the service checks. The
sentences have AWS's general form, "Value 'x' at 'tags.1.member.key' failed to satisfy constraint: Member
must ...", which people and programs know by sight.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from engine.wire.parsing import most_items

#: Values taken beyond the enum of the shape. `local` and `local_gpu` are what the SageMaker SDK calls the
#: machine one sits at, which is what this engine runs on.
ALSO_ALLOWED: Mapping[str, frozenset[str]] = {"TransformInstanceType": frozenset({"local", "local_gpu"})}

#: Seconds a pattern may take over one value; no honest value comes near it.
_PATTERN_TIMEOUT = 1.0

#: Characters of a text that is held against its pattern although it is longer than the model allows.
_LONGEST_MATCHED = 4096

#: Items of a list or map that an error repeats.
_MOST_SHOWN = 100

_NUMBERS = ("integer", "long", "float", "double")


def validate(shape: StructureShape, params: Mapping[str, Any]) -> str | None:
    """What is wrong with parsed request parameters, every problem in one text, or None if nothing is."""
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
    for what, member, values in (
        ("keys", shape.key, list(items)),
        ("value", shape.value, list(items.values())),
    ):
        broken = dict.fromkeys(text for value in values for text in _own_constraints(member, value))
        if broken:
            yield _sentence(
                _printed(items), path, f"Map {what} must satisfy constraint: [{', '.join(broken)}]"
            )
    if not isinstance(shape.value, StringShape):
        for key, value in items.items():
            yield from _problems(shape.value, value, f"{path}.{key}.member")


def _own_constraints(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints of this one shape, not of what is inside it, that `value` does not satisfy."""
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
    """The pattern as Java reads it, or None where its dialect has no equal here (a handful of others)."""
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _sentence(value_text: str, path: str, constraint: str) -> str:
    return f"Value '{value_text}' at '{path}' failed to satisfy constraint: {constraint}"


def _printed(value: Any) -> str:
    """The value as AWS prints it: lists and maps in Java's way."""
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
