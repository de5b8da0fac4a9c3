"""The states of a transform job, what each means, and which may follow which."""

from __future__ import annotations

from django.db import models


class JobState(models.TextChoices):
    """The state of a job. IN_PROGRESS to STOPPED are SageMaker's words; the others are ours."""

    WAITING = "WAITING", "Waiting"
    SUBMITTING = "SUBMITTING", "Submitting"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    STOPPING = "STOPPING", "Stopping"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"
    STOPPED = "STOPPED", "Stopped"
    REJECTED = "REJECTED", "Rejected"
    CANCELLED = "CANCELLED", "Cancelled"


class Origin(models.TextChoices):
    """How a job was made."""

    NEW = "new", "New"
    FINISH = "finish", "What was missing"
    RETRY = "retry", "All of it again"
    CLONE = "clone", "Cloned"
    TRIAL = "trial", "Trial of the first records"
    SEARCH = "search", "Search for bad records"
    TUNING = "tuning", "Run of a tuning"


#: Jobs that read a part of an input, to see how the model answers or how fast: they are no work of the model.
TRIALS = (Origin.TRIAL, Origin.SEARCH, Origin.TUNING)


class WaitsFor(models.TextChoices):
    """What a job that is WAITING waits for. Empty: a worker's first try."""

    TURN = "turn", "Its turn in line"
    CALLS = "calls", "A call to SageMaker that its rate allows"
    NEXT_TRY = "next-try", "The next try, after an answer that may change"
    BUDGET = "budget", "The budget of its team, which is spent for this month"


class WarningCode(models.TextChoices):
    """What a warning of an ended job is about."""

    OUTPUTS_MISSING = "outputs-missing", "Outputs are missing"
    NOT_COUNTED = "not-counted", "Outputs could not be counted"
    ROWS_DIFFER = "rows-differ", "Inputs and outputs have different numbers of rows"
    CHECK_MISSED = "check-missed", "An output check was missed"


class Hold(models.TextChoices):
    """Whether the outputs of a completed job may be used, where an output check holds them until a person decides."""

    HELD = "held", "Held"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"


_S = JobState

MEANING: dict[JobState, str] = {
    _S.WAITING: "Not yet accepted by SageMaker; the job says what it waits for.",
    _S.SUBMITTING: "A worker is asking SageMaker to create the job.",
    _S.IN_PROGRESS: "SageMaker is running the job.",
    _S.STOPPING: "SageMaker is stopping the job.",
    _S.COMPLETED: "SageMaker finished the job.",
    _S.FAILED: "SageMaker gave up on the job; its reason is shown.",
    _S.STOPPED: "The job was stopped on request.",
    _S.REJECTED: "SageMaker refused the request for good; its reason is shown.",
    _S.CANCELLED: "Withdrawn while it was waiting.",
}

#: Jobs with work left.
ACTIVE = frozenset({_S.WAITING, _S.SUBMITTING, _S.IN_PROGRESS, _S.STOPPING})
#: Jobs that SageMaker has and the poller follows.
REMOTE = frozenset({_S.IN_PROGRESS, _S.STOPPING})
#: Jobs that take a place on the connection.
RUNNING = frozenset({_S.SUBMITTING, _S.IN_PROGRESS, _S.STOPPING})
#: Jobs that SageMaker ran to their end: outputs may be there, and may be missing.
RAN = frozenset({_S.COMPLETED, _S.FAILED, _S.STOPPED})
#: Jobs that ended against the will of the person who submitted them.
FAILURES = frozenset({_S.FAILED, _S.REJECTED})
#: Jobs that have ended.
TERMINAL = frozenset({_S.COMPLETED, _S.FAILED, _S.STOPPED, _S.REJECTED, _S.CANCELLED})

MOVES: dict[JobState, frozenset[JobState]] = {
    _S.WAITING: frozenset({_S.SUBMITTING, _S.CANCELLED}),
    _S.SUBMITTING: frozenset({_S.WAITING, _S.IN_PROGRESS, _S.REJECTED}),
    _S.IN_PROGRESS: frozenset({_S.STOPPING}) | RAN,
    _S.STOPPING: RAN,
    **{state: frozenset() for state in TERMINAL},
}

#: SageMaker's TransformJobStatus to ours.
FROM_SAGEMAKER: dict[str, JobState] = {
    "InProgress": _S.IN_PROGRESS,
    "Stopping": _S.STOPPING,
    "Completed": _S.COMPLETED,
    "Failed": _S.FAILED,
    "Stopped": _S.STOPPED,
}
