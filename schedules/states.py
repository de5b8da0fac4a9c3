"""The states of a scheduled run, and the policies of a schedule, each with the words that pages say."""

from __future__ import annotations

from django.db import models


class RunState(models.TextChoices):
    """What became of one time of a schedule."""

    DUE = "due", "Due"
    WAITING = "waiting", "Waiting"
    STARTED = "started", "Started"
    SKIPPED = "skipped", "Skipped"
    MISSED = "missed", "Missed"
    FAILED = "failed", "Failed to start"


#: A run in one of these is still to be started or not.
PENDING = frozenset({RunState.DUE, RunState.WAITING})


class Overlap(models.TextChoices):
    """What happens at a time at which the run before it has not ended."""

    SKIP = "skip", "Skip this time"
    WAIT = "wait", "Wait until it has ended, then run"
    RUN = "run", "Run beside it"


class CatchUp(models.TextChoices):
    """What happens with times at which Batchdeck did not run."""

    LATEST = "latest", "Run the latest of them once"
    NONE = "none", "Run none of them"


class PauseCause(models.TextChoices):
    """Why a schedule is paused."""

    PERSON = "person", "A person paused it"
    NO_RIGHT = "no_right", "The person it runs for may not submit jobs any more"
    NO_TARGET = "no_target", "What it runs is gone"
    NO_TIMES = "no_times", "Its times cannot be told"
