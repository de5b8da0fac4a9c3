"""The pages that show schedules: all of them, what comes next, and one with its runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs.services.errors import InvalidFields
from schedules.models import Schedule
from schedules.models.schedule import PRESET
from schedules.pages.finding import find_schedule
from schedules.services import next_runs
from schedules.services.listing import rows_of, run_rows, runs_of, schedules_of, search, targets_of
from schedules.services.scheduling import may_delete
from teams.access import MemberRequest, member_required
from teams.whole_numbers import parse_whole_number

#: The most schedules of the list.
_MOST = 500
#: Runs of a page.
_RUNS = 25


@require_GET
@member_required()
def schedules(request: MemberRequest) -> HttpResponse:
    """The team's schedules that the search finds."""
    text = request.GET.get("q", "").strip()
    rows = rows_of(list(search(schedules_of(request.team), text)[:_MOST]))
    return render(request, "schedules/schedules.html", {"rows": rows, "q": text, "most": _MOST})


@require_GET
@member_required()
def calendar(request: MemberRequest) -> HttpResponse:
    """What all schedules run in the next days."""
    coming = next_runs.calendar(request.team)
    targets = targets_of([*coming.often, *(row for day in coming.days for _, row in day.runs)])
    context = {"calendar": coming, "targets": targets, "days": next_runs.DAYS, "often": next_runs.OFTEN}
    return render(request, "schedules/calendar.html", context)


@require_GET
@member_required()
def schedule(request: MemberRequest, schedule: str) -> HttpResponse:
    """One schedule: what it runs when, and what became of each time."""
    row = find_schedule(request.team, schedule)
    context = {
        "schedule": row,
        "target": targets_of([row])[row.pk],
        "coming": _coming(row),
        "is_preset": row.kind == PRESET,
        "may_delete": may_delete(row, request.member),
        **_runs_page(request, row),
    }
    return render(request, "schedules/schedule.html", context)


@require_GET
@member_required()
def runs(request: MemberRequest, schedule: str) -> HttpResponse:
    """The table of a schedule's runs, which refreshes itself."""
    row = find_schedule(request.team, schedule)
    return render(request, "schedules/runs.html", {"schedule": row, **_runs_page(request, row)})


def _coming(schedule: Schedule) -> list[next_runs.NextRun]:
    """The next runs; without their paths if these cannot be made now. Empty while it is paused."""
    if schedule.is_paused:
        return []
    try:
        return next_runs.preview(schedule)
    except InvalidFields:
        return [next_runs.NextRun(at) for at in next_runs.next_times(schedule)]


def _runs_page(request: MemberRequest, schedule: Schedule) -> dict[str, Any]:
    """The runs before the one that the address names, and whether any of them may still change."""
    before = parse_whole_number(request.GET.get("before", ""), high=2**63 - 1)
    found_runs = runs_of(schedule).filter(pk__lt=before) if before else runs_of(schedule)
    page = list(found_runs[: _RUNS + 1])
    rows = run_rows(schedule, page[:_RUNS])
    is_busy = any(row.run.is_pending or (row.outcome and row.outcome.is_running) for row in rows)
    older = page[_RUNS - 1].pk if len(page) > _RUNS else None
    return {"rows": rows, "older": older, "before": before, "is_busy": is_busy}
