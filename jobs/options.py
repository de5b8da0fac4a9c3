"""The table of our own options for a job, beside the request that goes to SageMaker: the one place for their bounds.

Forms, the REST API's schema and answers, checks and the table in docs/api.md are made from it. Each option is a
column of a job's row too.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any, get_type_hints

from transform.field_facts import FieldFacts

INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


def _about(**facts: Any) -> dict[str, FieldFacts]:
    return {"option": FieldFacts(**facts)}


_MINUTES: dict[str, Any] = {
    "low": 1,
    "high": 43_200,
    "must_be": "a whole number of minutes from 1 to 43,200 (30 days)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a job waits, on which other instance types it may run, how often it is submitted again, and what stops it.

    None stands for no limit.
    """

    priority: int = field(
        default=0,
        metadata=_about(
            label="Priority",
            help="{bounds}. Higher ones start first, of equal ones the older.",
            hint="{bounds}; higher ones start first. Default {default}.",
            low=-10,
            high=10,
        ),
    )
    fallback_instance_types: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            label="Fallback instance types",
            help="Up to ten, tried in this order when SageMaker has no instance of the type or the quota of the type "
            "is used up. `instance_type_used` in the answer is the one that is asked for now.",
            hint="Tried in this order when there is no instance to be had.",
            example="ml.m5.xlarge, ml.c5.xlarge",
            # Nobody has quotas for more types.
            most=10,
            pattern=INSTANCE_TYPE.pattern,
            must_be="instance types such as ml.m5.xlarge, in the order in which they are tried",
        ),
    )
    max_retries: int = field(
        default=0,
        metadata=_about(
            label="Submit again",
            help="{bounds}. How often the job is submitted again, as its next attempt, when it fails with "
            "`CapacityError` (then on the next fallback type) or `InternalServerError`. The next attempt's own "
            "`max_retries` is one less.",
            hint="{bounds} times, after a failure of capacity or of SageMaker's own. Default {default}.",
            low=0,
            high=10,
        ),
    )
    deadline_minutes: int | None = field(
        default=None,
        metadata=_about(
            label="Deadline in minutes",
            help="The job is stopped so many minutes after SageMaker accepted it.",
            hint="Stopped so long after SageMaker accepted it.",
            **_MINUTES,
        ),
    )
    max_idle_minutes: int | None = field(
        default=None,
        metadata=_about(
            label="Longest silence in minutes",
            help="The job is stopped after so many minutes without a new output or log line, once its instances run.",
            hint="Stopped after so long without an output or a log line.",
            **_MINUTES,
        ),
    )
    max_cost_usd: Decimal | None = field(
        default=None,
        metadata=_about(
            label="Cost cap in US dollars",
            help="The job is stopped when its instances have cost so many US dollars. Refused where the instance "
            "type, or one of the fallback types, has no price, since such a cap could not hold. The attempts that "
            "`max_retries` makes share one cap.",
            hint="Stopped when its instances have cost so much.",
            # A cap below a cent would stop a job that has hardly begun.
            low=Decimal("0.01"),
            high=1_000_000,
        ),
    )

    def columns(self) -> dict[str, Any]:
        """The options as columns of a job's row."""
        return {**asdict(self), "fallback_instance_types": list(self.fallback_instance_types)}


#: Name -> option, in the form's order.
OPTIONS: dict[str, FieldFacts] = {
    declared.name: declared.metadata["option"].of(declared, get_type_hints(RunOptions)[declared.name])
    for declared in fields(RunOptions)
}
