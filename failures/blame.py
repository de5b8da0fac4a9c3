"""Classify SageMaker's texts about failures and refusals, to decide what is done next.

The texts are those that people quote of DescribeTransformJob's FailureReason and of CreateTransformJob's
ResourceLimitExceeded; SageMaker documents neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class FailureKind(Enum):
    """Why a job failed, for the decision to run it again."""

    CAPACITY = "the region had no instance"
    INTERNAL = "a fault of SageMaker's own"
    CLIENT = "the input or the request"
    ALGORITHM = "the model or its container"
    UNKNOWN = "SageMaker does not say"

    @property
    def may_pass(self) -> bool:
        """Whether the same job may succeed if it runs again."""
        return self in {FailureKind.CAPACITY, FailureKind.INTERNAL}


#: Beginnings of FailureReason and their kinds.
_BEGINNINGS = (
    ("CapacityError", FailureKind.CAPACITY),
    ("InternalServerError", FailureKind.INTERNAL),
    ("ClientError", FailureKind.CLIENT),
    ("AlgorithmError", FailureKind.ALGORITHM),
)

_QUOTA = re.compile(
    r"service limit '(?P<name>[^']+)' is (?P<limit>\d+) Instances?, with current utilization of "
    r"(?P<used>\d+) Instances? and a request delta of (?P<wanted>\d+)"
)
_OF_ONE_TYPE = re.compile(r"^\S+ for transform job usage$")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The numbers in a ResourceLimitExceeded; all count instances."""

    name: str
    limit: int
    used: int
    requested: int

    @property
    def is_hopeless(self) -> bool:
        """Whether the request is larger than the whole quota, so that waiting does not help."""
        return self.requested > self.limit

    @property
    def is_of_one_type(self) -> bool:
        """Whether another instance type has a quota of its own."""
        return _OF_ONE_TYPE.match(self.name) is not None


def classify(failure_reason: str) -> FailureKind:
    """The kind of a FailureReason."""
    for beginning, failure in _BEGINNINGS:
        if failure_reason.startswith(beginning):
            return failure
    return FailureKind.UNKNOWN


def read_refusal(message: str) -> Refusal | None:
    """Parse the quota in a ResourceLimitExceeded; None if it names none."""
    match = _QUOTA.search(message)
    if match is None:
        return None
    return Refusal(match["name"], int(match["limit"]), int(match["used"]), int(match["wanted"]))
