"""Pausing the schedule of a stage, and letting it go on."""

from __future__ import annotations

from datetime import datetime

from deployments.models import Stage
from jobs.services.errors import NotPossible
from schedules.models import Schedule
from schedules.services import next_runs, scheduling
from teams.models import ApiToken, User


def pause(stage: Stage, *, by: User, reason: str = "", token: ApiToken | None = None) -> bool:
    """Let the stage run by itself no more until it is resumed. False if it is paused. Raises NotPossible."""
    return scheduling.pause(_schedule_of(stage), by=by, reason=reason, token=token)


def resume(stage: Stage, *, by: User, token: ApiToken | None = None) -> bool:
    """Let the stage run by itself again. False if it is not paused. Raises NotPossible."""
    return scheduling.resume(_schedule_of(stage), by=by, token=token)


def next_times(stage: Stage) -> list[datetime]:
    """The stage's next times, in its schedule's zone; empty without a schedule or while it is paused."""
    return next_runs.next_times(stage.schedule) if stage.schedule else []


def _schedule_of(stage: Stage) -> Schedule:
    if stage.schedule is None:
        raise NotPossible(f"{stage.name} has no schedule; it runs when a person presses Run now.")
    return stage.schedule
