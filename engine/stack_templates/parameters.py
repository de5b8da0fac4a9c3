"""Parameters of a template: their declarations, and the values that a stack gives them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import regex

from engine.patterns import PatternTime, PatternTooSlow
from engine.stack_templates import TemplateError

_TYPES = ("String", "Number", "List<Number>", "CommaDelimitedList")
_MEMBERS = frozenset(
    {
        "Type", "Default", "AllowedPattern", "AllowedValues", "ConstraintDescription", "Description", "MaxLength",
        "MaxValue", "MinLength", "MinValue", "NoEcho",
    }
)  # fmt: skip
#: Characters of an AllowedPattern: the engine answers nobody else while it is compiled.
_LONGEST_PATTERN = 1024


def check_declarations(declarations: Mapping[str, Any]) -> None:
    """Check the section Parameters. Raises TemplateError."""
    patterns = PatternTime()
    for name, declaration in declarations.items():
        if not isinstance(declaration, Mapping) or "Type" not in declaration:
            raise TemplateError(
                f"Template format error: Every Parameters member must contain a Type: {name} has none."
            )
        if declaration["Type"] not in _TYPES:
            raise TemplateError(
                f"The parameter {name} has the Type {declaration['Type']!r}; the engine has {', '.join(_TYPES)}."
            )
        if unknown := sorted(set(declaration) - _MEMBERS):
            raise TemplateError(f"Invalid template parameter property '{unknown[0]}' of {name}.")
        if "Default" in declaration:
            _check_value(name, declaration, text_of(declaration["Default"]), patterns)


def values(
    declarations: Mapping[str, Any], new: Mapping[str, str | None], previous: Mapping[str, str]
) -> dict[str, str]:
    """The texts of all parameters: as in `new`, None for the `previous` one, else their defaults.

    Raises TemplateError for unknown parameters, missing values and values that a constraint does not allow.
    """
    if unknown := sorted(set(new) - set(declarations)):
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    chosen: dict[str, str] = {}
    missing: list[str] = []
    patterns = PatternTime()
    for name, declaration in declarations.items():
        text = new.get(name)
        if name in new and text is None:
            text = previous.get(name)
        elif name not in new and "Default" in declaration:
            text = text_of(declaration["Default"])
        if text is None:
            missing.append(name)
            continue
        _check_value(name, declaration, text, patterns)
        chosen[name] = text
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    return chosen


def value_of(declaration: Mapping[str, Any], text: str) -> Any:
    """What Ref gives for a parameter of that text: a text, or a list of texts."""
    if declaration["Type"] in ("CommaDelimitedList", "List<Number>"):
        return [part.strip() for part in text.split(",")] if text else []
    return text


def text_of(value: Any) -> str:
    """A default or a value of AllowedValues as the text that a stack would give."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(text_of, value)) if isinstance(value, list) else str(value)


def _check_value(name: str, declaration: Mapping[str, Any], text: str, patterns: PatternTime) -> None:
    value = value_of(declaration, text)
    items = value if isinstance(value, list) else [value]
    for item in dict.fromkeys(items):
        problem = _problem(declaration, item, patterns)
        if problem:
            problem = declaration.get("ConstraintDescription", problem)
            display = "****" if declaration.get("NoEcho") else repr(item)
            raise TemplateError(f"Parameter '{name}' cannot be {display}: {problem}")


def _problem(declaration: Mapping[str, Any], item: str, patterns: PatternTime) -> str | None:
    if "Number" in declaration["Type"]:
        number = _number(item)
        if number is None:
            return "it must be a number."
        problem = _bounds(declaration, "MinValue", "MaxValue", number, "a number")
    else:
        problem = _bounds(declaration, "MinLength", "MaxLength", len(item), "a length")
    if problem:
        return problem
    allowed = declaration.get("AllowedValues")
    if allowed is not None and item not in [text_of(value) for value in allowed]:
        return f"it must be one of AllowedValues: [{', '.join(map(text_of, allowed))}]."
    pattern = declaration.get("AllowedPattern")
    return (
        f"it must match pattern {pattern}" if pattern and not _matches(str(pattern), item, patterns) else None
    )


def _bounds(declaration: Mapping[str, Any], low: str, high: str, size: float, noun: str) -> str | None:
    tests: tuple[tuple[str, Callable[[float], bool], str], ...] = (
        (low, lambda bound: size < bound, "greater"),
        (high, lambda bound: size > bound, "less"),
    )
    for member, is_beyond, word in tests:
        bound = _number(str(declaration[member])) if member in declaration else None
        if bound is not None and is_beyond(bound):
            return f"it must have {noun} {word} than or equal to {declaration[member]}."
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _matches(pattern: str, text: str, patterns: PatternTime) -> bool:
    if len(pattern) > _LONGEST_PATTERN:
        raise TemplateError(f"An AllowedPattern has at most {_LONGEST_PATTERN:,} characters.")
    try:
        return patterns.fits(pattern, text, whole=True)
    except regex.error as error:
        raise TemplateError(f"AllowedPattern {pattern!r} is no regular expression: {error}.") from None
    except PatternTooSlow as error:
        raise TemplateError(str(error)) from None
