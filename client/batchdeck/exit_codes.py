"""The exit codes of the command line; docs/cli.md lists them."""

from __future__ import annotations

from enum import IntEnum

from batchdeck.errors import (
    BatchdeckError,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    ProfileError,
    RateLimited,
    TimedOut,
    Unavailable,
    Unreachable,
)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    JOB_FAILED = 3
    JOB_STOPPED = 4
    TIMED_OUT = 5
    NO_ANSWER = 6
    NOT_ALLOWED = 7
    INTERRUPTED = 130


#: The first class that fits counts; anything else is an ERROR.
_OF_ERRORS: tuple[tuple[type[BatchdeckError], ExitCode], ...] = (
    (InvalidRequest, ExitCode.USAGE),
    (NotAuthenticated, ExitCode.NOT_ALLOWED),
    (Forbidden, ExitCode.NOT_ALLOWED),
    (ProfileError, ExitCode.NOT_ALLOWED),
    (TimedOut, ExitCode.TIMED_OUT),
    (Unreachable, ExitCode.NO_ANSWER),
    (Unavailable, ExitCode.NO_ANSWER),
    (RateLimited, ExitCode.NO_ANSWER),
)
_OF_STATES = {
    "COMPLETED": ExitCode.DONE,
    "FAILED": ExitCode.JOB_FAILED,
    "REJECTED": ExitCode.JOB_FAILED,
    "STOPPED": ExitCode.JOB_STOPPED,
    "CANCELLED": ExitCode.JOB_STOPPED,
}


def code_of_error(error: BatchdeckError) -> ExitCode:
    """The exit code of a command that this error ended."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), ExitCode.ERROR)


def code_of_state(state: str) -> ExitCode:
    """The exit code for a job that ended in this state."""
    return _OF_STATES.get(state, ExitCode.ERROR)
