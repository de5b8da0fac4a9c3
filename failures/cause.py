"""A rule about failures."""

from __future__ import annotations

from dataclasses import dataclass

from failures import changes as try_
from failures.blame import FailureKind
from failures.changes import Proposal
from failures.engine_advice import ENGINE_ADVICE


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason why jobs fail. `patterns` are case-insensitive regular expressions; a line has to match any of them."""

    slug: str
    title: str
    advice: str
    patterns: tuple[str, ...] = ()
    propose: Proposal = try_.nothing
    #: The kind of FailureReason that means this cause.
    failure: FailureKind | None = None
    #: True if it says what happened and not why; it is used only if no other cause fits.
    general: bool = False

    def advice_for(self, *, engine: bool) -> str:
        """What to do about it, on an embedded engine or on AWS."""
        return ENGINE_ADVICE.get(self.slug, self.advice) if engine else self.advice


UNKNOWN = Cause(
    "unknown",
    "No known cause fits",
    "None of the known causes fits what the service and the container said. Read the last lines of the log, and begin "
    "with the first error in it.",
)
