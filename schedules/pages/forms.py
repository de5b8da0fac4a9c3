"""The pages that make and change a schedule, with its next runs while it is typed."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from jobs.models import Preset
from jobs.services.submitting.presets import find_preset
from schedules.forms.schedule import ScheduleForm, new_start, schedule_start
from schedules.models import Schedule
from schedules.models.schedule import PRESET
from schedules.pages.finding import find_schedule
from schedules.services import drafting
from teams.access import MemberRequest, member_required
from teams.models import Role

#: Fields that are not called wrong before anything is typed.
_LEFT_EMPTY = ("name", "preset", "expression")


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_schedule(request: MemberRequest) -> HttpResponse:
    """Make a schedule, of the preset that the address names if it does."""
    if request.method == "POST":
        form = ScheduleForm(request.team, request.POST)
        saved_schedule = form.save(request.team, request.user)
        if saved_schedule is not None:
            messages.success(request, f"{saved_schedule.name} is on schedule. It runs for you.")
            return redirect("schedule", schedule=saved_schedule.slug)
    else:
        form = ScheduleForm(request.team, initial=new_start(_preset(request)))
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def edit_schedule(request: MemberRequest, schedule: str) -> HttpResponse:
    """Change a schedule."""
    row = find_schedule(request.team, schedule)
    if row.kind != PRESET:
        raise PermissionDenied("Its times are changed on the page of what it runs.")
    data = request.POST if request.method == "POST" else None
    form = ScheduleForm(request.team, data, initial=schedule_start(row))
    if request.method == "POST" and (saved_schedule := form.save(request.team, request.user, row)):
        paused = " It stays paused." if saved_schedule.is_paused else ""
        messages.success(request, f"{saved_schedule.name} is changed. It runs for you from now on.{paused}")
        return redirect("schedule", schedule=saved_schedule.slug)
    return _form_page(request, form, row)


@require_POST
@member_required(Role.OPERATOR, draws_only=True)
def times(request: MemberRequest) -> HttpResponse:
    """The next runs of what is typed, and what is wrong with which field; nothing is saved."""
    slug = request.POST.get("schedule", "")
    row = find_schedule(request.team, slug) if slug else None
    form = ScheduleForm(request.team, request.POST, initial=schedule_start(row) if row else {})
    form.is_valid()
    draft = drafting.try_out(request.member, form.values(), row)
    for name, texts in draft.problems.items():
        is_left_out = name not in request.POST or (name in _LEFT_EMPTY and not request.POST[name].strip())
        if name in form.fields and name not in form.errors and not is_left_out:
            form.add_error(name, texts)
    return render(request, "schedules/times.html", {"form": form, "draft": draft})


def _preset(request: MemberRequest) -> Preset | None:
    slug = request.GET.get("preset", "")
    preset = find_preset(request.team, slug) if slug else None
    if slug and preset is None:
        raise Http404("There is no such preset in this team.")
    return preset


def _form_page(request: MemberRequest, form: ScheduleForm, schedule: Schedule | None = None) -> HttpResponse:
    context = {"form": form, "schedule": schedule}
    return render(request, "schedules/form.html", context, status=400 if form.errors else 200)
