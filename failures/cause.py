"""What a rule about failures is made of."""

from __future__ import annotations

from dataclasses import dataclass

from failures import changes as try_
from failures.blame import FailureKind
from failures.changes import Proposal


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why jobs fail. `patterns` are regular expressions, any of them in one line, whatever its case."""

    slug: str
    title: str
    advice: str
    patterns: tuple[str, ...] = ()
    propose: Proposal = try_.nothing
    #: The class of FailureReason that tells it.
    failure: FailureKind | None = None
    #: True: it says what was seen and not why, so it holds only where nothing else does.
    general: bool = False


UNKNOWN = Cause(
    "unknown",
    "No known cause fits",
    "None of the known causes fits what SageMaker and the container said. Read the last lines of the log, and begin "
    "with the first error in it.",
)
