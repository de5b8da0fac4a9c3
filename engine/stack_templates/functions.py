"""Intrinsic functions of templates: what a value refers to, and what it evaluates to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.stack_templates import TemplateError

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix",
    )
)  # fmt: skip

_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
#: Ref AWS::NoValue: the property or item is left out.
_NO_VALUE = object()
#: Characters that the functions of one value may give: short templates can name very long texts.
_MOST_TEXT = 1024 * 1024


class TemplateNames(Protocol):
    """What the names in a template stand for."""

    def ref(self, name: str) -> Any:
        """The value of a parameter, pseudo parameter or resource."""

    def attribute(self, resource: str, name: str) -> Any:
        """An attribute of a resource."""

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""


class _Evaluation:
    """One evaluation: what the names stand for, and how many characters it may still give."""

    def __init__(self, names: TemplateNames) -> None:
        self._names = names
        self._room = _MOST_TEXT

    def ref(self, name: str) -> Any:
        """The value of a parameter, pseudo parameter or resource."""
        value = self._names.ref(name)
        self.add_text(sum(map(len, value)) if isinstance(value, list) else len(str(value)))
        return value

    def attribute(self, resource: str, name: str) -> Any:
        """An attribute of a resource."""
        value = self._names.attribute(resource, name)
        self.add_text(len(str(value)))
        return value

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""
        return self._names.condition(name)

    def add_text(self, length: int) -> None:
        """Count a text before it is built. Raises TemplateError."""
        self._room -= length
        if self._room < 0:
            raise TemplateError(f"The template's functions give more than {_MOST_TEXT:,} characters.")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a value uses: of a parameter or resource, with its attribute, or of a condition."""

    name: str
    attribute: str | None = None
    is_condition: bool = False


def evaluate(value: Any, names: TemplateNames) -> Any:
    """The value with all functions evaluated. Raises TemplateError, also if its texts grow beyond _MOST_TEXT."""
    try:
        result = _evaluate(value, _Evaluation(names))
    except RecursionError:
        raise TemplateError("The template's functions are nested too deeply.") from None
    return None if result is _NO_VALUE else result


def references(value: Any) -> Iterator[Reference]:
    """All names that the value uses. Raises TemplateError for an unknown function or one with wrong arguments."""
    function = function_of(value)
    if function is not None:
        yield from _references_of(function, value[function])
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def function_of(value: Any) -> str | None:
    """The name of the function that the value is. Raises TemplateError for one that the engine lacks."""
    if not isinstance(value, Mapping) or len(value) != 1:
        if isinstance(value, Mapping) and any(str(key).startswith("Fn::") for key in value):
            raise TemplateError(
                f"A function must be the only key of its object, not one of {', '.join(map(str, value))}."
            )
        return None
    name = next(iter(value))
    if name in _FUNCTIONS:
        return str(name)
    if isinstance(name, str) and name.startswith("Fn::"):
        raise TemplateError(f"The embedded engine has no function {name}; it has {', '.join(_FUNCTIONS)}.")
    return None


def _references_of(function: str, argument: Any) -> Iterator[Reference]:
    _FUNCTIONS[function].check(argument)
    if function == "Ref":
        yield Reference(argument)
    elif function == "Condition":
        yield Reference(argument, is_condition=True)
    elif function == "Fn::GetAtt":
        yield Reference(*_attribute(argument))
    elif function == "Fn::Sub":
        text, values_by_name = _sub(argument)
        for name in _variables(text):
            if name not in values_by_name:
                resource, dot, attribute = name.partition(".")
                yield Reference(resource, attribute if dot else None)
        yield from references(values_by_name)
    elif function == "Fn::If":
        yield Reference(argument[0], is_condition=True)
        yield from references(argument[1:])
    else:
        yield from references(argument)


def _evaluate(value: Any, names: _Evaluation) -> Any:
    function = function_of(value)
    if function is not None:
        return _FUNCTIONS[function].evaluate(value[function], names)
    if isinstance(value, Mapping):
        items = {str(key): _evaluate(item, names) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _NO_VALUE}
    if isinstance(value, list):
        return [item for item in (_evaluate(item, names) for item in value) if item is not _NO_VALUE]
    return value


def _ref(name: str, names: _Evaluation) -> Any:
    return _NO_VALUE if name == "AWS::NoValue" else names.ref(name)


def _get_att(argument: Any, names: _Evaluation) -> Any:
    return names.attribute(*_attribute(argument))


def _attribute(argument: Any) -> tuple[str, str]:
    resource, _, name = (
        argument.partition(".") if isinstance(argument, str) else (argument[0], "", argument[1])
    )
    return resource, name


def _sub(argument: Any) -> tuple[str, dict[str, Any]]:
    return (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])


def _variables(text: str) -> list[str]:
    return [match[2].strip() for match in _VARIABLE.finditer(text) if not match[1]]


def _substitute(argument: Any, names: _Evaluation) -> str:
    text, values_by_name = _sub(argument)
    values = {key: _text(_evaluate(item, names), "Fn::Sub") for key, item in values_by_name.items()}
    names.add_text(len(text))

    def replacement(match: re.Match[str]) -> str:
        name = match[2].strip()
        if match[1]:
            return "${" + match[2] + "}"
        if name in values:
            names.add_text(len(values[name]))
            return values[name]
        resource, dot, attribute = name.partition(".")
        return _text(names.attribute(resource, attribute) if dot else names.ref(name), "Fn::Sub")

    return _VARIABLE.sub(replacement, text)


def _join(argument: Any, names: _Evaluation) -> str:
    separator, items = argument
    texts = [_text(item, "Fn::Join") for item in _list(_evaluate(items, names), "Fn::Join")]
    names.add_text(sum(map(len, texts)) + len(separator) * len(texts))
    return str(separator.join(texts))


def _split(argument: Any, names: _Evaluation) -> list[str]:
    separator, text = argument
    return _text(_evaluate(text, names), "Fn::Split").split(str(separator))


def _select(argument: Any, names: _Evaluation) -> Any:
    index, items = _evaluate(argument[0], names), _list(_evaluate(argument[1], names), "Fn::Select")
    if not re.fullmatch(r"[0-9]{1,6}", str(index)) or int(index) >= len(items):
        raise TemplateError(f"Fn::Select cannot select {index!r} of {len(items)} items.")
    return items[int(index)]


def _if(argument: Any, names: _Evaluation) -> Any:
    return _evaluate(argument[1] if names.condition(argument[0]) else argument[2], names)


def _equals(argument: Any, names: _Evaluation) -> bool:
    first, second = (_evaluate(item, names) for item in argument)
    return _text(first, "Fn::Equals") == _text(second, "Fn::Equals")


def _truth(value: Any, names: _Evaluation) -> bool:
    result = _evaluate(value, names)
    if not isinstance(result, bool):
        raise TemplateError(f"A condition must be true or false, not {result!r}.")
    return result


def _text(value: Any, function: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(f"{function} takes texts, not {value!r}.")


def _list(value: Any, function: str) -> list[Any]:
    if not isinstance(value, list):
        raise TemplateError(f"{function} takes a list, not {value!r}.")
    return value


@dataclass(frozen=True, slots=True)
class _Function:
    """A function: what its argument must be, in words and as a test, and its evaluation."""

    name: str
    argument: str
    is_valid: Callable[[Any], bool]
    evaluate: Callable[[Any, _Evaluation], Any]

    def check(self, argument: Any) -> None:
        if not self.is_valid(argument):
            raise TemplateError(f"{self.name} takes {self.argument}, not {argument!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_conditions(value: Any) -> bool:
    return isinstance(value, list) and 2 <= len(value) <= 10


_FUNCTIONS: Mapping[str, _Function] = {
    function.name: function
    for function in (
        _Function("Ref", "a name", _is_text, _ref),
        _Function("Condition", "a name", _is_text, lambda name, names: names.condition(name)),
        _Function(
            "Fn::GetAtt",
            "a resource and an attribute",
            lambda value: (
                (_is_text(value) and "." in value) or (_is_pair(value) and all(map(_is_text, value)))
            ),
            _get_att,
        ),
        _Function(
            "Fn::Sub",
            "a text, or a list of a text and an object",
            lambda value: (
                _is_text(value) or (_is_pair(value) and _is_text(value[0]) and isinstance(value[1], Mapping))
            ),
            _substitute,
        ),
        _Function(
            "Fn::Join",
            "a list of a text and a list",
            lambda value: _is_pair(value) and _is_text(value[0]),
            _join,
        ),
        _Function(
            "Fn::Split",
            "a list of two texts, the first not empty",
            lambda value: _is_pair(value) and _is_text(value[0]) and value[0] != "",
            _split,
        ),
        _Function("Fn::Select", "a list of a number and a list", _is_pair, _select),
        _Function(
            "Fn::If",
            "a list of a condition and two values",
            lambda value: isinstance(value, list) and len(value) == 3 and _is_text(value[0]),
            _if,
        ),
        _Function("Fn::Equals", "a list of two values", _is_pair, _equals),
        _Function(
            "Fn::And",
            "a list of 2 to 10 conditions",
            _is_conditions,
            lambda value, names: all(_truth(item, names) for item in value),
        ),
        _Function(
            "Fn::Or",
            "a list of 2 to 10 conditions",
            _is_conditions,
            lambda value, names: any(_truth(item, names) for item in value),
        ),
        _Function(
            "Fn::Not",
            "a list of one condition",
            lambda value: isinstance(value, list) and len(value) == 1,
            lambda value, names: not _truth(value[0], names),
        ),
    )
}
