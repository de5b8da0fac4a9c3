"""Failures of jobs and objects, with SageMaker's messages."""

from __future__ import annotations

from transform.record_places import PLACE_PREFIX, RecordPlace

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
NO_ANSWER = "Unable to get response from algorithm"
INTERNAL_ERROR = "InternalServerError: We encountered an internal error.  Please try again."


class JobFailed(Exception):
    """The job fails. The message is its FailureReason."""


class ObjectFailed(Exception):
    """One object fails; the job continues with the others.

    `lines` go to the data log. `client_error` distinguishes bad input (the model answered 4xx, a record is too large)
    from a failure of the model. `payload` is the number of the object's payload that failed, from 0, and `record` the
    number of the record in it, from 1; `place` is where they lie in the object. None where it is not known.
    `ends_job` is set if the whole job fails.
    """

    def __init__(
        self, lines: list[str], *, client_error: bool, payload: int | None = None, record: int | None = None
    ) -> None:
        super().__init__(lines[0])
        self.lines = lines
        self.client_error = client_error
        self.payload = payload
        self.record = record
        self.place: RecordPlace | None = None
        self.ends_job: JobFailed | None = None

    @property
    def log_lines(self) -> list[str]:
        """The lines for the data log: the status, then the engine's own line about the records, then the rest."""
        return [self.lines[0], *([f"{PLACE_PREFIX}{self.place}"] if self.place else []), *self.lines[1:]]
