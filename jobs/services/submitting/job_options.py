"""What a person asks of this service about a job, beside the request that goes to SageMaker."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from jobs.models import TransformJob
from jobs.services.errors import InvalidFields

PRIORITIES = range(-10, 11)
RETRIES = range(11)
MINUTES = range(1, 43_201)
#: US dollars; a cap below a cent would stop a job that has hardly begun.
LEAST_USD, MOST_USD = Decimal("0.01"), 1_000_000
#: More than anyone has quotas for; a list has to end somewhere.
MOST_FALLBACKS = 10
INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a job waits, on which other types it may run, how often it is submitted again, and what stops it.

    Minutes are whole; `deadline_minutes` count from SageMaker's acceptance, `max_cost_usd` are US dollars, None is
    no limit.
    """

    priority: int = 0
    fallback_instance_types: tuple[str, ...] = ()
    max_retries: int = 0
    deadline_minutes: int | None = None
    max_idle_minutes: int | None = None
    max_cost_usd: Decimal | None = None

    def columns(self) -> dict[str, Any]:
        """The same for a job's row."""
        values = asdict(self)
        return {**values, "fallback_instance_types": list(self.fallback_instance_types)}


NAMES = tuple(item.name for item in fields(Terms))


def take(body: dict[str, Any]) -> Terms:
    """Take the terms out of a submission's body; None and absent are the same. Raises InvalidFields."""
    given = {name: value for name in NAMES if (value := body.pop(name, None)) is not None}
    problems = {name: [text] for name, value in given.items() if (text := _CHECKS[name](value))}
    if problems:
        raise InvalidFields(problems)
    if "fallback_instance_types" in given:
        given["fallback_instance_types"] = tuple(given["fallback_instance_types"])
    if "max_cost_usd" in given:
        given["max_cost_usd"] = _dollars(given["max_cost_usd"])
    return Terms(**given)


def of(job: TransformJob) -> Terms:
    """The terms of a job, for another one like it."""
    values = {name: getattr(job, name) for name in NAMES}
    return Terms(**{**values, "fallback_instance_types": tuple(job.fallback_instance_types)})


def given(job: TransformJob) -> dict[str, Any]:
    """The terms that a job was submitted with, as a body has them; what is as by default is left out."""
    usual = Terms().columns()
    values = {name: value for name in NAMES if (value := getattr(job, name)) != usual[name]}
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def is_whole(value: object, allowed: range) -> bool:
    """Whether this is a whole number of the range; JSON's true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _priority(value: object) -> str:
    return "" if is_whole(value, PRIORITIES) else "It must be a whole number from -10 to 10."


def _fallbacks(value: object) -> str:
    if not isinstance(value, list) or len(value) > MOST_FALLBACKS:
        return f"It must be a list of at most {MOST_FALLBACKS} instance types."
    wrong = [item for item in value if not isinstance(item, str) or not INSTANCE_TYPE.fullmatch(item)]
    if wrong:
        return "It must be instance types such as ml.m5.xlarge, in the order in which they are tried."
    return "It must name each instance type once." if len(set(value)) < len(value) else ""


def _minutes(value: object) -> str:
    return (
        "" if is_whole(value, MINUTES) else "It must be a whole number of minutes from 1 to 43,200 (30 days)."
    )


def _dollars(value: object) -> Decimal | None:
    """The amount that a number or its text says, to a millionth; None if it is none that a cap may be."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not LEAST_USD <= amount <= MOST_USD:
        return None
    return amount.quantize(Decimal("0.000001"))


def _cost(value: object) -> str:
    return "" if _dollars(value) else f"It must be an amount of US dollars from {LEAST_USD} to {MOST_USD:,}."


_CHECKS: dict[str, Callable[[object], str]] = {
    "priority": _priority,
    "fallback_instance_types": _fallbacks,
    "max_retries": lambda value: (
        "" if is_whole(value, RETRIES) else "It must be a whole number from 0 to 10."
    ),
    "deadline_minutes": _minutes,
    "max_idle_minutes": _minutes,
    "max_cost_usd": _cost,
}
