"""Failures of jobs and objects, with SageMaker's messages."""

from __future__ import annotations

CLIENT_ERROR = "ClientError: See job logs for more information"
ALGORITHM_ERROR = "AlgorithmError: See job logs for more information"
PING_FAILED = (
    "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is implemented "
    "and responds with an HTTP 200 status code"
)
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance "
    "type."
)
INTERNAL_ERROR = "InternalServerError: We encountered an internal error.  Please try again."


class JobFailed(Exception):
    """The job fails. The message is its FailureReason."""


class ObjectFailed(Exception):
    """One object fails; the job continues with the others.

    `lines` go to the data log. `client_error` distinguishes bad input (the model answered 4xx, a record is too large)
    from a failure of the model.
    """

    def __init__(self, lines: list[str], *, client_error: bool) -> None:
        super().__init__(lines[0])
        self.lines = lines
        self.client_error = client_error
