"""What starts the runs of a schedule: a handler for each kind. An app registers its own when it is ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from jobs.models import TransformJob
from jobs.states import ACTIVE
from schedules.models import Schedule, ScheduledRun
from teams.models import Membership


class NothingToDo(Exception):
    """There is nothing to run this time; the sentence says why. The run is skipped."""


class TargetGone(Exception):
    """What the schedule runs is no longer there; the sentence says what. The schedule is paused."""


@dataclass(frozen=True, slots=True)
class RunTarget:
    """What a schedule runs, for pages; `problem` is a sentence that says why it cannot run, else empty."""

    label: str
    url: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run started, for pages; `state` is the value of a JobState, `hold` that of a Hold or None."""

    label: str
    url: str
    state: str
    hold: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class PastCosts:
    """Runs whose cost is known, at least one, and what they cost together in US dollars."""

    runs: int
    amount: Decimal


class RunHandler(Protocol):
    """Starts the runs of the schedules of one `kind`. A run has its schedule and its team."""

    #: `Schedule.kind`, at most 12 characters.
    kind: str

    def targets(self, schedules: Sequence[Schedule]) -> Mapping[int, RunTarget]:
        """What each of these runs, by the schedule's row id."""

    def running(self, schedule: Schedule) -> str:
        """The name of what an earlier run of the schedule started and has not ended; empty if there is none.

        A job whose outputs wait for checks or for a person has not ended here.
        """

    def prepare(self, run: ScheduledRun, member: Membership) -> object:
        """All that needs calls to other services, for `create`; after a kill it is done again.

        Raises NothingToDo, TargetGone, InvalidFields or NotPossible with the reason, and Unavailable if it is to be
        tried again.
        """

    def create(self, run: ScheduledRun, member: Membership, prepared: object) -> TransformJob | None:
        """Write the rows of what the run starts, in the transaction that moves the run to STARTED.

        Tell workers by `jobs.tasks.enqueue`. Returns the job, if it is one. Raises InvalidFields or NotPossible.
        """

    def outcomes(self, runs: Sequence[ScheduledRun]) -> Mapping[int, RunOutcome]:
        """What became of each of these, by the run's row id; nothing for a run that started nothing."""

    def past_costs(
        self, schedules: Sequence[Schedule], first: datetime, end: datetime
    ) -> Mapping[int, PastCosts]:
        """What the runs due from `first` to before `end` cost, by the schedule's row id, where it is known."""


_handlers: dict[str, RunHandler] = {}


def register(handler: RunHandler) -> None:
    """Let the handler start the runs of its kind."""
    _handlers[handler.kind] = handler


def handler_of(kind: str) -> RunHandler:
    """The handler of a kind; KeyError for one that nobody registered."""
    return _handlers[kind]
