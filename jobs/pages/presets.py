"""The pages about presets: saved requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs import queries
from jobs.filtering import JobFilter
from jobs.forms.job import CONTENT_TYPES, filled_in_as
from jobs.forms.job_fields import job_fields
from jobs.forms.preset import RULE, PresetForm, preset_start
from jobs.models import Preset, TransformJob
from jobs.models.preset import Rule, flat
from jobs.pages import preset_choice
from jobs.pages.job.job_page import find_job
from jobs.services.connections import prices
from jobs.services.errors import DefaultExists, NotPossible
from jobs.services.listing.display import for_display
from jobs.services.submitting import presets as service
from jobs.services.submitting.output_folders import undated
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role, Team

_JOBS_SHOWN = 10
_MOST = 500


@require_GET
@member_required()
def presets(request: MemberRequest) -> HttpResponse:
    """The team's presets that the search finds."""
    search = request.GET.get("q", "").strip()
    rows = Preset.objects.for_team(request.team).select_related("model__connection", "created_by")
    for word in search.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(description__icontains=word)
            | Q(slug__icontains=word)
            | Q(model__name__icontains=word)
        )
    newest = (
        TransformJob.objects.filter(preset=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    )
    return render(
        request,
        "jobs/presets.html",
        {"presets": rows.annotate(last_used=Subquery(newest))[:_MOST], "q": search},
    )


@require_GET
@member_required()
def preset(request: MemberRequest, preset: str) -> HttpResponse:
    """One preset: its fields, which of them are locked, and the jobs that began with it."""
    chosen_preset = find_preset(request.team, preset)
    jobs = queries.jobs(request.team, JobFilter()).filter(preset=chosen_preset)[:_JOBS_SHOWN]
    context = {
        "preset": chosen_preset,
        "rows": _rows(chosen_preset),
        "jobs": for_display(jobs),
        "filters": urlencode({"preset": chosen_preset.slug}),
        "may_change": chosen_preset.may_be_changed_by(request.member),
    }
    return render(request, "jobs/preset.html", context)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_preset(request: MemberRequest) -> HttpResponse:
    """Make a preset from a job (`?from=`), from another preset (`?copy=`), or from the fields of the new-job form."""
    if request.method == "POST" and "preset_name" in request.POST:
        form = PresetForm(request.team, request.POST)
        saved_preset = form.save(request.team, request.user)
        if saved_preset is not None:
            messages.success(request, f"{saved_preset.name} is saved. Everybody in the team may use it.")
            return redirect("preset", preset=saved_preset.slug)
    else:
        form = PresetForm(request.team, initial=_start(request))
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def edit_preset(request: MemberRequest, preset: str) -> HttpResponse:
    """Change a preset."""
    chosen_preset = _changeable(request, preset)
    form = PresetForm(
        request.team, request.POST if request.method == "POST" else None, initial=preset_start(chosen_preset)
    )
    if request.method == "POST" and form.save(request.team, request.user, chosen_preset):
        messages.success(request, f"{chosen_preset.name} is changed. Jobs that used it stay as they were.")
        return redirect("preset", preset=chosen_preset.slug)
    return _form_page(request, form, chosen_preset)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def delete_preset(request: MemberRequest, preset: str) -> HttpResponse:
    """Ask, then delete a preset."""
    chosen_preset = _changeable(request, preset)
    if request.method == "GET":
        return confirming.ask(request, _delete_question(request, chosen_preset))
    service.delete(chosen_preset, by=request.user)
    messages.success(request, f"{chosen_preset.name} is deleted. Its jobs keep what it was.")
    return redirect("presets")


def _delete_question(request: MemberRequest, preset: Preset) -> Question:
    jobs = queries.count(TransformJob.objects.for_team(request.team).filter(preset=preset).order_by("id"))
    used = f"{queries.COUNTED:,}+" if jobs > queries.COUNTED else f"{jobs:,}"
    return Question(
        title=f"Delete the preset {preset.name}, made by {confirming.whose(preset.created_by, request.user)}?",
        says="The whole team loses it, and it cannot be brought back. Jobs that began with it keep what it was.",
        button="Delete the preset",
        action=reverse("delete-preset", args=[preset.slug]),
        back=reverse("preset", args=[preset.slug]),
        facts=(("Jobs that began with it", used), *service.uses_of(preset)),
    )


@require_POST
@member_required(Role.OPERATOR)
def default_preset(request: MemberRequest, preset: str) -> HttpResponse:
    """Let Run on the page of the preset's model begin with it, or with `off` no longer.

    Asks first if another preset is the default.
    """
    chosen_preset = _changeable(request, preset)
    if "off" in request.POST:
        service.stop_being_default(chosen_preset, by=request.user)
    else:
        try:
            service.make_default(chosen_preset, by=request.user, replace_default=confirming.is_sure(request))
        except DefaultExists as error:
            return confirming.ask(request, _default_question(request, chosen_preset, error.preset))
        except NotPossible as error:
            messages.error(request, str(error))
    return redirect("preset", preset=chosen_preset.slug)


def _default_question(request: MemberRequest, preset: Preset, other_slug: str) -> Question:
    default_now = find_preset(request.team, other_slug)
    maker = confirming.whose(default_now.created_by, request.user)
    model = preset.model.name if preset.model else ""
    return Question(
        title=f"Make {preset.name} the default of {model}?",
        says=f"It takes the place of {default_now.name}, made by {maker}: Run on the model's page begins with it for "
        "the whole team. The other preset stays.",
        button="Make it the default",
        action=reverse("default-preset", args=[preset.slug]),
        back=reverse("preset", args=[preset.slug]),
        facts=(("Default now", default_now.name), ("Default then", preset.name)),
        fields=((confirming.SURE, 1),),
    )


def find_preset(team: Team, slug: str) -> Preset:
    """The team's preset of this slug; Http404 for any other team's."""
    preset = (
        Preset.objects.for_team(team)
        .select_related("model__connection", "created_by")
        .filter(slug=slug)
        .first()
    )
    if preset is None:
        raise Http404("There is no such preset in this team.")
    return preset


def _changeable(request: MemberRequest, slug: str) -> Preset:
    preset = find_preset(request.team, slug)
    if not preset.may_be_changed_by(request.member):
        raise PermissionDenied(
            "Only the preset's author and team admins can change it. Duplicate it instead."
        )
    return preset


def _start(request: MemberRequest) -> dict[str, Any]:
    if request.method == "POST":
        sent = request.POST.dict()
        # The dated folder belongs to one job; each later job gets its own.
        return {**sent, "output_path": undated(sent.get("output_path", "")), **_held(request)}
    if key := request.GET.get("from"):
        job = find_job(request.team, key)
        return {**filled_in_as(job), "preset_name": ""}
    if slug := request.GET.get("copy"):
        source = find_preset(request.team, slug)
        return {**preset_start(source), "preset_name": f"Copy of {source.name}"[:80]}
    return {}


def _held(request: MemberRequest) -> dict[str, Any]:
    """The locked fields of the preset that the new-job form began with, which it did not send: values and rules."""
    preset = preset_choice.draft_of(request).locking_preset
    if preset is None:
        return {}
    start = preset_start(preset)
    return {name: value for name, value in start.items() if name.removeprefix(RULE) in preset.locked}


def _form_page(request: MemberRequest, form: PresetForm, preset: Preset | None = None) -> HttpResponse:
    context = {
        "form": form,
        "preset": preset,
        "instance_types": prices.suggested_types(request.team),
        "content_types": CONTENT_TYPES,
    }
    return render(request, "jobs/preset_form.html", context, status=400 if form.errors else 200)


def _rows(preset: Preset) -> list[dict[str, Any]]:
    """The preset's fields in the form's order, each with its label and rule."""
    labels = {"connection": "Connection", "model": "Model"}
    labels |= {name: str(field.label) for name, field in job_fields().items()}
    values = flat(preset.body)
    names = [name for name in service.FIELDS if name in values or name in preset.rules]
    return [
        {
            "name": name,
            "label": labels.get(name, name),
            "value": values.get(name),
            "rule": Rule(preset.rules.get(name, Rule.EXPOSED)),
        }
        for name in names
    ]
