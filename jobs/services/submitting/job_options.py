"""Our own options of a job, from a body or from another job."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.models import TransformJob
from jobs.options import OPTIONS, RunOptions
from jobs.services.errors import InvalidFields
from transform.field_facts import FieldFacts, Kind

NAMES = tuple(OPTIONS)


def take_options(body: dict[str, Any]) -> RunOptions:
    """Take the options out of a submission's body. None counts as absent. Raises InvalidFields."""
    values = {name: value for name in NAMES if (value := body.pop(name, None)) is not None}
    problems = {name: [text] for name, value in values.items() if (text := _problem(OPTIONS[name], value))}
    if problems:
        raise InvalidFields(problems)
    return RunOptions(**{name: _converted(OPTIONS[name], value) for name, value in values.items()})


def options_of(job: TransformJob) -> RunOptions:
    """The options of a job, for another one like it."""
    values: dict[str, Any] = {name: getattr(job, name) for name in NAMES}
    return RunOptions(**{**values, "fallback_instance_types": tuple(job.fallback_instance_types)})


def non_default_options(job: TransformJob) -> dict[str, Any]:
    """The options of a job as a body has them, without those at their default."""
    defaults = RunOptions().columns()
    values = {name: value for name in NAMES if (value := getattr(job, name)) != defaults[name]}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def is_whole(value: object, allowed: range) -> bool:
    """Whether the value is a whole number of the range. JSON's true and false are not numbers."""
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _problem(facts: FieldFacts, value: object) -> str:
    """What is wrong with a value, as a sentence; empty for a right value."""
    if facts.kind is Kind.WORDS:
        return _problem_with_words(facts, value)
    if facts.kind is Kind.AMOUNT:
        right, amounts = _dollars(facts, value) is not None, f"an amount of US dollars from {facts.bounds}"
        return "" if right else f"It must be {amounts}."
    right = is_whole(value, range(facts.low, facts.high + 1))
    return "" if right else f"It must be {facts.must_be or f'a whole number from {facts.bounds}'}."


def _problem_with_words(facts: FieldFacts, value: object) -> str:
    if not isinstance(value, list) or len(value) > (facts.most or 0):
        return f"It must be a list of at most {facts.most} instance types."
    if not all(isinstance(word, str) and re.fullmatch(facts.pattern, word) for word in value):
        return f"It must be {facts.must_be}."
    return "It must name each instance type once." if len(set(value)) < len(value) else ""


def _converted(facts: FieldFacts, value: Any) -> Any:
    """A checked value in the type of RunOptions' field."""
    if facts.kind is Kind.WORDS:
        return tuple(value)
    return value if facts.kind is Kind.WHOLE or value is None else _dollars(facts, value)


def _dollars(facts: FieldFacts, value: object) -> Decimal | None:
    """The amount of a number or of its text, to a millionth; None for one outside the bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not facts.low <= amount <= facts.high:
        return None
    return amount.quantize(Decimal("0.000001"))
