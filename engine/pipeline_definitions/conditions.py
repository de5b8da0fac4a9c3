"""The conditions of a Condition step: their form, and whether they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from engine.pipeline_definitions.expressions import Values, evaluate, is_expression
from engine.pipeline_definitions.members import BadDefinition, as_json, names, read_member, read_object

Condition = dict[str, Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left_value, right_value: bool(left_value == right_value),
    "GreaterThan": lambda left_value, right_value: bool(left_value > right_value),
    "GreaterThanOrEqualTo": lambda left_value, right_value: bool(left_value >= right_value),
    "LessThan": lambda left_value, right_value: bool(left_value < right_value),
    "LessThanOrEqualTo": lambda left_value, right_value: bool(left_value <= right_value),
}
_KINDS = (*_COMPARISONS, "In", "Not", "Or")


class NotComparable(ValueError):
    """Two values cannot be compared. The message is a sentence."""


def parse_conditions(place: str, value: Any) -> tuple[Condition, ...]:
    """Check a list of conditions. Raises BadDefinition."""
    if not isinstance(value, list) or not value:
        raise BadDefinition(f"{place}: Conditions is {as_json(value)}; it must be a list of conditions.")
    return tuple(_parse(f"{place}: Conditions[{number}]", item) for number, item in enumerate(value))


def operands(condition: Condition) -> Iterator[Any]:
    """All values of a condition that may be expressions."""
    if condition["Type"] == "Or":
        for inner in condition["Conditions"]:
            yield from operands(inner)
    elif condition["Type"] == "Not":
        yield from operands(_negated(condition))
    elif condition["Type"] == "In":
        yield condition["QueryValue"]
        yield from condition["Values"]
    else:
        yield condition["LeftValue"]
        yield condition["RightValue"]


def holds(condition: Condition, values: Values) -> bool:
    """Whether the condition is true. Raises NotComparable, and what `values` raises."""
    kind = condition["Type"]
    if kind == "Or":
        return any(holds(inner, values) for inner in condition["Conditions"])
    if kind == "Not":
        return not holds(_negated(condition), values)
    if kind == "In":
        query = evaluate(condition["QueryValue"], values)
        return any(_are_equal(query, evaluate(item, values)) for item in condition["Values"])
    left_value, right_value = (
        evaluate(condition["LeftValue"], values),
        evaluate(condition["RightValue"], values),
    )
    if kind == "Equals":
        return _are_equal(left_value, right_value)
    if not (_is_number(left_value) and _is_number(right_value)) and not (
        isinstance(left_value, str) and isinstance(right_value, str)
    ):
        raise NotComparable(
            f"{kind} needs two numbers or two texts; these are {as_json(left_value)} and {as_json(right_value)}."
        )
    return _COMPARISONS[kind](left_value, right_value)


def _parse(place: str, value: Any) -> Condition:
    kind = value.get("Type") if isinstance(value, dict) else None
    if kind not in _KINDS:
        raise BadDefinition(f"{place}: Type is {as_json(kind)}; the types of conditions are {names(_KINDS)}.")
    if kind == "Or":
        read_object(place, value, ("Type", "Conditions"), ("Conditions",))
        parse_conditions(place, value["Conditions"])
    elif kind == "Not":
        # The schema calls the member Condition, the SDK has called it Expression.
        read_object(place, value, ("Type", "Condition", "Expression"))
        if ("Condition" in value) == ("Expression" in value):
            raise BadDefinition(f"{place} is {as_json(value)}; Not must have one Condition.")
        _parse(place, _negated(value))
    elif kind == "In":
        read_object(place, value, ("Type", "QueryValue", "Values"), ("QueryValue", "Values"))
        read_member(place, value, "Values", list)
    else:
        read_object(place, value, ("Type", "LeftValue", "RightValue"), ("LeftValue", "RightValue"))
    # The conditions within a condition are checked by themselves.
    for operand in operands(value) if kind not in ("Or", "Not") else ():
        if isinstance(operand, list) or (isinstance(operand, dict) and not is_expression(operand)):
            raise BadDefinition(f"{place} compares {as_json(operand)}; it must be a value or an expression.")
    return dict(value)


def _negated(condition: Condition) -> Condition:
    inner: Condition = condition["Condition"] if "Condition" in condition else condition["Expression"]
    return inner


def _are_equal(left_value: Any, right_value: Any) -> bool:
    """Whether two values are equal; true is not 1."""
    return isinstance(left_value, bool) == isinstance(right_value, bool) and bool(left_value == right_value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
