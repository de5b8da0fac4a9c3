"""Making and changing schedules, pausing and resuming them, and running one now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.slugs import free_slug
from schedules.lifecycle import pausing
from schedules.lifecycle.times import next_run_of
from schedules.models import Schedule, ScheduledRun
from schedules.models.schedule import PRESET
from schedules.run_handlers import handler_of
from schedules.services import next_runs
from schedules.services.checking import FIELDS, TIMES, check_times, fill
from schedules.states import PauseCause
from schedules.tasks import enqueue_starts
from teams import activity
from teams.act_changes import Values
from teams.models import ApiToken, Membership, Team, User

#: Slugs that addresses use for other things.
RESERVED = frozenset({"new", "next", "preview", "times"})
_REQUIRED = ("name", "expression")


def create(
    team: Team,
    values: Mapping[str, Any],
    *,
    by: User,
    kind: str = PRESET,
    token: ApiToken | None = None,
) -> Schedule:
    """Make a schedule of these fields, which runs for `by`. Raises InvalidFields."""
    schedule = Schedule(team=team, kind=kind, created_by=by)
    needed = (*_REQUIRED, "preset") if kind == PRESET else _REQUIRED
    fill(schedule, {**dict.fromkeys((name for name in needed if name not in values), ""), **values})
    schedule.slug = free_slug(
        Schedule.objects.for_team(team), schedule.name, length=55, default="schedule", reserved=RESERVED
    )
    return _save(schedule, by, token, "schedule.created", new_times=True)


def change(
    schedule: Schedule, changes: Mapping[str, Any], *, by: User, token: ApiToken | None = None
) -> Schedule:
    """Change some fields; from then on it runs for `by`. A paused one stays paused. Raises InvalidFields."""
    with transaction.atomic():
        # Locked, so that two changes at once, or a change and a run, do not undo each other.
        row = locked_row(schedule)
        before = {name: getattr(row, name) for name in FIELDS}
        values = activity.values_of(row)
        fill(row, changes)
        new_times = any(getattr(row, name) != before[name] for name in TIMES)
        return _save(row, by, token, "schedule.changed", new_times=new_times, before=values)


def delete(schedule: Schedule, *, by: User, token: ApiToken | None = None) -> None:
    """Delete a schedule with what became of its times. Its jobs stay."""
    with transaction.atomic():
        activity.record(schedule.team, by, "schedule.deleted", schedule, token=token)
        schedule.delete()


def pause(schedule: Schedule, *, by: User, reason: str = "", token: ApiToken | None = None) -> bool:
    """Pause it, and skip a run that waits. False if it is paused already. Raises InvalidFields for a long reason."""
    if len(reason) > 200 or "\0" in reason:
        raise InvalidFields({"reason": ["It must be at most 200 characters of text."]})
    return pausing.pause(schedule, PauseCause.PERSON, reason.strip(), by=by, token=token)


def resume(schedule: Schedule, *, by: User, token: ApiToken | None = None) -> bool:
    """Let it run again, for `by`; the times that passed meanwhile are not made up for. False if it is not paused.

    Raises NotPossible if it cannot run.
    """
    with transaction.atomic():
        row = locked_row(schedule)
        if not row.is_paused:
            return False
        if problem := handler_of(row.kind).targets([row])[row.pk].problem:
            raise NotPossible(problem)
        row.paused_at, row.paused_by, row.pause_cause, row.pause_reason = None, None, "", ""
        row.next_run_at = next_run_of(row)
        row.changed_by, row.changed_at = by, now()
        row.save()
        activity.record(row.team, by, "schedule.resumed", row, token=token)
    return True


def run_now(schedule: Schedule, *, by: User, token: ApiToken | None = None) -> ScheduledRun:
    """Run it once for `by`, also while it is paused; what happens if the run before has not ended is as at its times.

    Raises NotPossible if it cannot run.
    """
    if problem := handler_of(schedule.kind).targets([schedule])[schedule.pk].problem:
        raise NotPossible(problem)
    with transaction.atomic():
        run = ScheduledRun.objects.create(schedule=schedule, due_at=now(), asked_by=by)
        activity.record(schedule.team, by, "schedule.run", schedule, token=token)
        enqueue_starts([run.pk])
    return run


def may_delete(schedule: Schedule, member: Membership) -> bool:
    """Whether this member may delete it: its maker while an operator, and the team's admins."""
    return member.can_admin or (member.can_operate and schedule.created_by_id == member.user_id)


def locked_row(schedule: Schedule) -> Schedule:
    """The schedule's row, locked to the end of the transaction. Raises NotPossible if it was deleted."""
    rows = Schedule.objects.select_for_update(of=("self",)).select_related(
        "team", "preset__model__connection"
    )
    row = rows.filter(pk=schedule.pk).first()
    if row is None:
        raise NotPossible(f"The schedule {schedule.name} was deleted.")
    return row


def _save(
    schedule: Schedule,
    by: User,
    token: ApiToken | None,
    verb: str,
    *,
    new_times: bool,
    before: Values | None = None,
) -> Schedule:
    """Check the schedule as a whole and write it with its act."""
    if new_times:
        check_times(schedule)
        schedule.since = schedule.start_at or now()
    member = Membership.objects.filter(team=schedule.team, user=by).first()
    next_runs.preview(schedule, member)
    schedule.changed_by, schedule.changed_at = by, now()
    if new_times:
        schedule.next_run_at = None if schedule.is_paused else next_run_of(schedule)
    try:
        with transaction.atomic():
            schedule.save()
            activity.record(schedule.team, by, verb, schedule, token=token, before=before)
    except IntegrityError as error:
        raise InvalidFields({"name": ["Another schedule of this name was saved just now."]}) from error
    return schedule
