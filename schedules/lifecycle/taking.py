"""Takes the times that are due: each becomes one run, whoever else looks at the same moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from django.db import connection, transaction
from django.utils.timezone import now

from schedules.lifecycle.pausing import pause
from schedules.lifecycle.times import ON_TIME, Passed, passed_times, times_of
from schedules.models import Schedule, ScheduledRun
from schedules.states import PENDING, CatchUp, PauseCause, RunState
from transform.schedule_expressions import BadExpression

#: Schedules of one transaction.
AT_ONCE = 200
#: How long the message of a new run may take before it is sent again, and again after that.
GRACE = timedelta(seconds=30)
#: The most runs whose messages one round sends again: lost ones are few, and a full queue needs no copies.
RESENT = 200


def take_due() -> list[int] | None:
    """Turn the times that are due into runs, for up to AT_ONCE schedules, those due for longest first.

    Returns the row ids of the runs that are to be started; None if nothing was due. The next time is written by an
    UPDATE that repeats the old one, in one transaction with the run: no time is lost or taken twice.
    """
    at = now()
    with transaction.atomic():
        rows = Schedule.objects.filter(next_run_at__lte=at).order_by("next_run_at", "id")
        # Where the database can, two rounds at once take different schedules instead of waiting for each other.
        locks = connection.features.has_select_for_update_skip_locked
        due = list(rows.select_for_update(skip_locked=locks)[:AT_ONCE])
        if not due:
            return None
        runs = [run for schedule in due for run in _take(schedule, at)]
        # A time is a run once, even if the schedule was changed back to it.
        ScheduledRun.objects.bulk_create(runs, ignore_conflicts=True)
        new_runs = ScheduledRun.objects.filter(key__in=[run.key for run in runs], state=RunState.DUE)
        return list(new_runs.order_by("due_at", "id").values_list("pk", flat=True))


def overdue_runs() -> list[int]:
    """Row ids of runs whose message may be lost, or that are to be tried again; each is listed again after GRACE."""
    at = now()
    rows = ScheduledRun.objects.filter(state__in=PENDING, try_at__lte=at).order_by("try_at", "id")
    ids = list(rows.values_list("pk", flat=True)[:RESENT])
    ScheduledRun.objects.filter(pk__in=ids, state__in=PENDING, try_at__lte=at).update(try_at=at + GRACE)
    return ids


def _take(schedule: Schedule, at: datetime) -> list[ScheduledRun]:
    """Move the schedule to its next time; returns the runs of the times that passed, not saved yet."""
    assert schedule.next_run_at is not None
    try:
        times = times_of(schedule)
        passed = passed_times(times, schedule.next_run_at, at)
        following = times.next_time(passed.latest)
    except (BadExpression, ZoneInfoNotFoundError) as error:
        # A schedule that cannot be read must not hold up the others.
        pause(schedule, PauseCause.NO_TIMES, str(error))
        return []
    rows = Schedule.objects.filter(
        pk=schedule.pk, next_run_at=schedule.next_run_at, changed_at=schedule.changed_at, paused_at=None
    )
    return _runs(schedule, passed, at) if rows.update(next_run_at=following) == 1 else []


def _runs(schedule: Schedule, passed: Passed, at: datetime) -> list[ScheduledRun]:
    """A run for the latest time, and a missed one for all others together."""
    is_late = passed.latest < at - ON_TIME
    if is_late and schedule.catch_up == CatchUp.NONE:
        return [_missed(schedule, passed, passed.latest)]
    run = ScheduledRun(schedule=schedule, due_at=passed.latest, late=is_late, try_at=at + GRACE)
    return [run] if passed.last is None else [_missed(schedule, passed, passed.last), run]


def _missed(schedule: Schedule, passed: Passed, last: datetime) -> ScheduledRun:
    """The run that stands for the times up to `last`, none of which was started."""
    first = passed.first or passed.latest
    times = passed.earlier + (last == passed.latest)
    many = f"more than {times:,} times" if passed.more else f"{times:,} times"
    subject = "This time" if times == 1 else f"This and the times up to {last:%Y-%m-%d %H:%M} UTC, {many},"
    consequence = (
        "none of them is made up for" if last == passed.latest else "the latest one ran in their place"
    )
    return ScheduledRun(
        schedule=schedule,
        due_at=first,
        state=RunState.MISSED,
        times=times,
        reason=f"{subject} passed while Batchdeck did not run or was busy; {consequence}.",
    )
