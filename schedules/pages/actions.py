"""What a person does with a schedule: pause, resume, run now, delete."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from jobs.services.errors import InvalidFields, NotPossible
from schedules.models import Schedule
from schedules.models.schedule import PRESET
from schedules.pages.finding import find_schedule
from schedules.services import scheduling
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_POST
@member_required(Role.OPERATOR)
def pause(request: MemberRequest, schedule: str) -> HttpResponse:
    """Pause a schedule."""
    row = find_schedule(request.team, schedule)
    try:
        if scheduling.pause(row, by=request.user, reason=request.POST.get("reason", "")):
            messages.success(request, f"{row.name} is paused. Times that pass meanwhile are not made up for.")
        else:
            messages.info(request, f"{row.name} was paused already.")
    except InvalidFields as error:
        messages.error(request, f"The reason: {' '.join(error.fields['reason'])}")
    return redirect("schedule", schedule=row.slug)


@require_POST
@member_required(Role.OPERATOR)
def resume(request: MemberRequest, schedule: str) -> HttpResponse:
    """Let a paused schedule run again."""
    row = find_schedule(request.team, schedule)
    try:
        if scheduling.resume(row, by=request.user):
            messages.success(request, f"{row.name} runs again, for you.")
        else:
            messages.info(request, f"{row.name} is not paused.")
    except NotPossible as error:
        messages.error(request, str(error))
    return redirect("schedule", schedule=row.slug)


@require_POST
@member_required(Role.OPERATOR)
def run(request: MemberRequest, schedule: str) -> HttpResponse:
    """Run it once, now."""
    row = find_schedule(request.team, schedule)
    try:
        scheduling.run_now(row, by=request.user)
        messages.success(request, f"{row.name} runs once more, for you. See below what becomes of it.")
    except NotPossible as error:
        messages.error(request, str(error))
    return redirect("schedule", schedule=row.slug)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def delete(request: MemberRequest, schedule: str) -> HttpResponse:
    """Ask, then delete a schedule."""
    row = find_schedule(request.team, schedule)
    if row.kind != PRESET:
        raise PermissionDenied("It is deleted with what it runs.")
    if not scheduling.may_delete(row, request.member):
        raise PermissionDenied("Only the schedule's maker and team admins can delete it. You can pause it.")
    if request.method == "GET":
        return confirming.ask(request, _question(request, row))
    scheduling.delete(row, by=request.user)
    messages.success(request, f"{row.name} is deleted. Its jobs stay.")
    return redirect("schedules")


def _question(request: MemberRequest, schedule: Schedule) -> Question:
    next_run = (
        f"{schedule.next_run_at.astimezone(schedule.zone):%Y-%m-%d %H:%M}" if schedule.next_run_at else "none"
    )
    covered = " It also forgets which objects its runs have covered." if schedule.incremental else ""
    return Question(
        title=f"Delete the schedule {schedule.name}, made by {confirming.whose(schedule.created_by, request.user)}?",
        says="It runs no more, and the record of what became of its times is lost. It cannot be brought back. Its jobs "
        f"stay.{covered}",
        button="Delete the schedule",
        action=reverse("delete-schedule", args=[schedule.slug]),
        back=reverse("schedule", args=[schedule.slug]),
        facts=(
            ("Next run", f"{next_run} {schedule.timezone}" if schedule.next_run_at else next_run),
            ("Runs on record", f"{schedule.runs.count():,}"),
        ),
    )
