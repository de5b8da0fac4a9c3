"""Why steps fail, and whether a retry policy lets them be tried again."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import ServiceError
from engine.pipeline_definitions.policies import (
    CAPACITY_ERROR,
    INTERNAL_ERROR,
    RESOURCE_LIMIT,
    SERVICE_FAULT,
    THROTTLING,
    RetryPolicy,
)

#: Maximum characters of a step's FailureReason.
LONGEST_REASON = 1024

#: The exception of a retry policy by the beginning of a job's FailureReason.
_BY_BEGINNING = {
    "InternalServerError": INTERNAL_ERROR,
    "CapacityError": CAPACITY_ERROR,
    "ResourceLimitExceeded": RESOURCE_LIMIT,
}


def exception_of_call(error: ServiceError) -> str | None:
    """What a retry policy calls the error of the call that creates a job; None if it is not tried again."""
    if error.code == "ThrottlingException":
        return THROTTLING
    if error.code == "ResourceLimitExceeded":
        return RESOURCE_LIMIT
    return SERVICE_FAULT if error.status >= 500 else None


def exception_of_job(reason: str) -> str | None:
    """What a retry policy calls a job's FailureReason; None if the job is not tried again."""
    return next((name for start, name in _BY_BEGINNING.items() if reason.startswith(start)), None)


def reason_of_call(operation: str, error: ServiceError) -> str:
    """The FailureReason of a step whose call was refused."""
    return f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {error.message}"[
        :LONGEST_REASON
    ]


def reason_of_job(reason: str) -> str:
    """The FailureReason of a step whose job failed."""
    return f"ClientError: {reason}"[:LONGEST_REASON]


def matching_policy(policies: Sequence[RetryPolicy], exception: str | None) -> int | None:
    """The position of the first policy for the exception; None if there is none."""
    return next((number for number, policy in enumerate(policies) if exception in policy.exceptions), None)
