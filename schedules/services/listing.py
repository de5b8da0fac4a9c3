"""Lists for pages and the API: a team's schedules with their latest runs, and the runs of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from jobs.models.scoped import TeamQuerySet
from schedules.models import Schedule, ScheduledRun
from schedules.run_handlers import RunOutcome, RunTarget, handler_of
from teams.models import Team


@dataclass(slots=True)
class ScheduleRow:
    """A schedule with what it runs, its latest run, and what that started."""

    schedule: Schedule
    target: RunTarget
    run: ScheduledRun | None = None
    outcome: RunOutcome | None = None


@dataclass(slots=True)
class RunRow:
    """A run, and what it started."""

    run: ScheduledRun
    outcome: RunOutcome | None = field(default=None)


def schedules_of(team: Team) -> TeamQuerySet[Schedule]:
    """The team's schedules with what their pages need, the ones with the earliest next time first."""
    rows = Schedule.objects.for_team(team).select_related("team", "preset__model__connection", "changed_by")
    return rows.select_related("paused_by", "created_by").order_by(
        F("next_run_at").asc(nulls_last=True), "id"
    )


def search(rows: TeamQuerySet[Schedule], text: str) -> TeamQuerySet[Schedule]:
    """Those in whose name, slug, expression or preset every word is."""
    for word in text.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(expression__icontains=word)
            | Q(preset__name__icontains=word)
        )
    return rows


def rows_of(schedules: Sequence[Schedule]) -> list[ScheduleRow]:
    """Rows for these schedules, with a few queries for all of them."""
    latest = ScheduledRun.objects.filter(schedule=OuterRef("pk")).order_by("-id").values("id")[:1]
    pks = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules])
    run_ids = pks.annotate(latest=Subquery(latest)).values_list("latest", flat=True)
    runs = {run.schedule_id: run for run in ScheduledRun.objects.filter(pk__in=list(run_ids))}
    targets = targets_of(schedules)
    rows = [ScheduleRow(row, targets[row.pk], runs.get(row.pk)) for row in schedules]
    outcomes = _outcomes([(row.schedule, row.run) for row in rows if row.run])
    for row in rows:
        row.outcome = outcomes.get(row.run.pk) if row.run else None
    return rows


def targets_of(schedules: Sequence[Schedule]) -> dict[int, RunTarget]:
    """What each schedule runs, by its row id."""
    targets: dict[int, RunTarget] = {}
    for kind in {schedule.kind for schedule in schedules}:
        targets |= handler_of(kind).targets([row for row in schedules if row.kind == kind])
    return targets


def runs_of(schedule: Schedule) -> QuerySet[ScheduledRun]:
    """The schedule's runs, the newest first."""
    return schedule.runs.select_related("schedule", "asked_by", "job").order_by("-id")


def run_rows(schedule: Schedule, runs: Sequence[ScheduledRun]) -> list[RunRow]:
    """Rows for these runs of the schedule."""
    outcomes = _outcomes([(schedule, run) for run in runs])
    return [RunRow(run, outcomes.get(run.pk)) for run in runs]


def _outcomes(pairs: Sequence[tuple[Schedule, ScheduledRun]]) -> dict[int, RunOutcome]:
    outcomes: dict[int, RunOutcome] = {}
    for kind in {schedule.kind for schedule, _ in pairs}:
        outcomes |= handler_of(kind).outcomes([run for schedule, run in pairs if schedule.kind == kind])
    return outcomes
