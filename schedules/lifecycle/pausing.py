"""Pausing a schedule because it cannot run, or because a person asks for it."""

from __future__ import annotations

from django.db import transaction
from django.utils.timezone import now

from schedules.models import Schedule
from schedules.states import PENDING, PauseCause, RunState
from teams import activity
from teams.models import ApiToken, User

PAUSED = "The schedule was paused before it started."


def pause(
    schedule: Schedule,
    cause: PauseCause,
    reason: str,
    *,
    by: User | None = None,
    token: ApiToken | None = None,
) -> bool:
    """Pause the schedule, and skip its runs that have not started. False if it was paused already.

    Without a `by` it is an act of Batchdeck itself.
    """
    at = now()
    with transaction.atomic():
        rows = Schedule.objects.filter(pk=schedule.pk, paused_at=None)
        values = {
            "paused_at": at,
            "paused_by": by,
            "pause_cause": cause,
            "pause_reason": reason,
            "next_run_at": None,
        }
        if rows.update(**values) != 1:
            return False
        for name, value in values.items():
            setattr(schedule, name, value)
        pending = schedule.runs.filter(state__in=PENDING)
        pending.update(state=RunState.SKIPPED, reason=PAUSED)
        detail: dict[str, object] = {"reason": reason} if reason else {}
        activity.record(schedule.team, by, "schedule.paused", schedule, token=token, detail=detail)
    return True
