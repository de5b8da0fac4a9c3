"""Starts a run: decides whether its time has come, prepares it, and writes its job together with its state."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from schedules.lifecycle.pausing import pause
from schedules.models import ScheduledRun
from schedules.run_handlers import NothingToDo, RunHandler, TargetGone, handler_of
from schedules.states import PENDING, Overlap, PauseCause, RunState
from teams.announcing import Announcement, announce
from teams.models import Membership, User
from teams.rights import LostRight, find_operator

#: The pause before a run that waits, or whose connection does not answer, is tried again.
AGAIN = timedelta(seconds=15)
#: So long a run is tried again while its connection does not answer.
PATIENCE = timedelta(hours=1)


def start(run_id: int) -> RunState | None:
    """Try to start the run; returns its state then, or None if it is not pending or somebody else has moved it."""
    rows = ScheduledRun.objects.select_related(
        "schedule__team", "schedule__preset", "schedule__changed_by", "asked_by"
    )
    run = rows.filter(pk=run_id, state__in=PENDING).first()
    return _start(run) if run is not None else None


def _start(run: ScheduledRun) -> RunState | None:
    person = run.asked_by or run.schedule.changed_by
    member = find_operator(run.schedule.team, person)
    if isinstance(member, LostRight):
        reason = _reason(member, person)
        end_state = _end(run, RunState.FAILED, reason)
        if run.asked_by is None:
            pause(run.schedule, PauseCause.NO_RIGHT, reason)
        return end_state
    handler = handler_of(run.schedule.kind)
    if held_up := _held_up(run, handler):
        return held_up
    try:
        prepared = handler.prepare(run, member)
        return _create(run, member, handler, prepared)
    except NothingToDo as error:
        return _end(run, RunState.SKIPPED, str(error))
    except TargetGone as error:
        end_state = _end(run, RunState.FAILED, str(error))
        pause(run.schedule, PauseCause.NO_TARGET, str(error))
        return end_state
    except (InvalidFields, NotPossible) as error:
        return _end(run, RunState.FAILED, str(error))
    except Unavailable as error:
        return _put_off(run, str(error))


def _create(run: ScheduledRun, member: Membership, handler: RunHandler, prepared: object) -> RunState | None:
    with transaction.atomic():
        # With the row locked by the move, the job is written once; a refusal takes the move back too.
        if not run.move(RunState.STARTED, started_at=now(), reason=""):
            return None
        job = handler.create(run, member, prepared)
        columns = {
            "job": job,
            "reason": run.reason,
            "fingerprint": run.fingerprint,
            "objects_new": run.objects_new,
            "objects_before": run.objects_before,
        }
        ScheduledRun.objects.filter(pk=run.pk).update(**columns)
    return RunState.STARTED


def _reason(lost_right: LostRight, person: User | None) -> str:
    """Why the person may not run it, with what helps."""
    subject = f"It runs for {person.label}, who" if person else "The person it ran for"
    return f"{subject} {lost_right}. Whoever resumes it is the person it runs for from then on."


def _held_up(run: ScheduledRun, handler: RunHandler) -> RunState | None:
    """Skip the run, or let it wait, if the one before it has not ended; None if it may start."""
    if run.schedule.overlap == Overlap.RUN:
        return None
    earlier = run.schedule.runs.filter(pk__lt=run.pk)
    pending = earlier.filter(state__in=PENDING).order_by("-pk").first()
    if pending is not None and pending.state == RunState.WAITING:
        return _end(run, RunState.SKIPPED, f"The run of {_time(pending)} waits already.")
    running = f"The run of {_time(pending)}" if pending else handler.running(run.schedule)
    if not running:
        return None
    if run.schedule.overlap == Overlap.SKIP:
        return _end(run, RunState.SKIPPED, f"{running} had not ended.")
    moved = run.move(RunState.WAITING, reason=f"{running} has not ended.", try_at=now() + AGAIN)
    return RunState.WAITING if moved else None


def _time(run: ScheduledRun) -> str:
    return f"{run.at:%Y-%m-%d %H:%M}"


def _put_off(run: ScheduledRun, sentence: str) -> RunState | None:
    if run.created_at < now() - PATIENCE:
        return _end(run, RunState.FAILED, f"It was tried for an hour: {sentence}")
    return RunState.DUE if run.move(RunState.DUE, reason=sentence, try_at=now() + AGAIN) else None


def _end(run: ScheduledRun, state: RunState, reason: str) -> RunState | None:
    with transaction.atomic():
        if not run.move(state, reason=reason):
            return None
        if state == RunState.FAILED:
            _announce_failure(run)
    return state


def _announce_failure(run: ScheduledRun) -> None:
    schedule = run.schedule
    announce(
        Announcement(
            team=schedule.team,
            kind="run.failed",
            key=f"scheduled-run-{run.key}",
            title=f"{schedule.name}: the run of {_time(run)} {schedule.timezone} could not be started",
            reason=run.reason,
            path=schedule.get_absolute_url(),
            person=run.asked_by or schedule.changed_by,
            facts={"schedule": schedule.slug, "run": run.key, "due_at": run.due_at.isoformat()},
        )
    )
