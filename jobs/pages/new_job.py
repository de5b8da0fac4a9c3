"""The page that submits a job."""

from __future__ import annotations

import json
from functools import partial

from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import queries
from jobs.forms import request_json
from jobs.forms.job import (
    CHANGEABLE,
    JobForm,
    RawRequestForm,
    filled_in_as,
    settings_of,
    shown,
)
from jobs.forms.preset import filled_in_as_preset
from jobs.forms.request_json import Problem
from jobs.lifecycle.queue.starting import asked_for
from jobs.models import Preset, TransformJob
from jobs.pages import preflight, preset_choice
from jobs.pages.request_panel import PENDING, around, held_form, panel_of
from jobs.services.errors import InvalidFields
from jobs.services.submitting import sample, submission
from jobs.states import Origin
from teams.access import MemberRequest, member_required
from teams.models import Role, Team

#: Buttons that only show the form again.
_SHOW_AGAIN = {"check", "fix", "from_json", "to_json"}


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_job(request: MemberRequest) -> HttpResponse:
    """Fill in a job, or with `?as=json` paste its request; submitting leads to the job's page.

    `?from=` is the key of a job whose request it begins with; `change=` and `to=` put a value into one field.
    Preflight's errors, and its warnings that were not ticked, keep it from being submitted. Other
    buttons only show the form again, and an edit of the JSON that was not taken over is refused.
    """
    raw = request.GET.get("as") == "json"
    source, preset = _source(request), preset_choice.chosen(request)
    if found := preset_choice.picked(request):
        return found
    form: preflight.Form
    rail, panel, submits = None, None, False
    if request.method == "POST":
        data, problems = _taken_over(request)
        form = preflight.form_of(request, data)
        report = preflight.report_of(request, form)
        submits = not _SHOW_AGAIN & set(data)
        rail = preflight.rail_of(form, report, data)
        if isinstance(form, JobForm):
            panel = panel_of(form, data, problems)
        if panel and panel.pending and submits:
            form.add_error(None, PENDING)
        if (
            submits
            and form.is_valid()
            and not preflight.stands_in_the_way(form, report, data.getlist("tick"))
        ):
            try:
                preset_choice.check_held(request, form)
                lineage = submission.Lineage(source, Origin.CLONE) if source else None
                return redirect(
                    submission.submit(*form.parsed, by=request.user, lineage=lineage, preset=preset)
                )
            except InvalidFields as error:
                form.add_error(None, str(error))
    else:
        make = RawRequestForm if raw else JobForm
        form = make(request.team, initial=_start(request, source, preset, raw=raw))
        preset_choice.held(request, form)
        if isinstance(form, JobForm):
            panel = panel_of(form)
    context = {
        "form": form,
        "rail": rail,
        "raw": raw,
        "source": source,
        "preset": preset,
        "unlocked": preset_choice.is_unlocked(request),
        "presets": Preset.objects.for_team(request.team).values("slug", "name")[:500],
        "changed": None if raw or request.method == "POST" else _changed(form, source, request),
        "panel": panel,
        **({} if raw else around(request.team)),
        "has_models": queries.models(request.team).exists(),
    }
    return render(request, "jobs/new_job.html", context, status=400 if submits and form.errors else 200)


def _taken_over(request: MemberRequest) -> tuple[QueryDict, list[Problem]]:
    """What was sent, after the button that was pressed: a fix, the JSON to the fields, or the fields to the JSON."""
    data = preflight.with_fix(request.POST)
    if "to_json" in data:
        data = data.copy()
        data.pop("request_json", None)
    elif "from_json" in data:
        reading = request_json.read(data.get("request_json", ""), data, partial(held_form, request))
        return reading.data, reading.problems
    return data, []


def _source(request: MemberRequest) -> TransformJob | None:
    """The team's job that is cloned, if one is; Http404 for any other team's."""
    key = request.GET.get("from")
    if not key:
        return None
    job = queries.jobs(request.team).filter(key=key).first()
    if job is None:
        raise Http404("There is no such job in this team.")
    return job


def _start(
    request: MemberRequest, source: TransformJob | None, preset: Preset | None, *, raw: bool
) -> dict[str, object]:
    """What the form begins with: the request of the job that is cloned, else a model and its sample."""
    if preset is not None and not raw:
        return filled_in_as_preset(preset)
    if source is None:
        return {} if raw else _fresh_start(request)
    if not raw:
        return {**filled_in_as(source), **_change(request)}
    sent = asked_for(source)
    del sent["TransformJobName"]
    return {"connection": source.connection.slug, "request": json.dumps(sent, indent=2)}


def _change(request: MemberRequest) -> dict[str, object]:
    """The field and value that the address asks to change; nothing for a field that cannot be named there."""
    name = request.GET.get("change", "")
    return {name: request.GET.get("to", "")} if name in CHANGEABLE else {}


def _changed(form: Form, source: TransformJob | None, request: MemberRequest) -> dict[str, object] | None:
    """What the form has that the cloned job had not, for a sentence above it."""
    change = _change(request)
    if source is None or not change:
        return None
    (name,) = change
    field = form[name]
    return {
        "field": field,
        "to": shown(field, field.value()),
        "was": shown(field, filled_in_as(source).get(name)),
    }


def _fresh_start(request: MemberRequest) -> dict[str, object]:
    """The model that was asked for, or the one in hand, as its last job completed; for the sample, its data too."""
    asked = request.GET.get("model", "")
    if asked.isdecimal() and len(asked) < 18:
        chosen = queries.models(request.team).filter(pk=int(asked)).first()
    else:
        chosen = queries.model_in_hand(request.team, request.user)
    start: dict[str, object] = {"instance_type": "ml.m5.large", "instance_count": 1}
    if chosen is None:
        return start
    last = queries.last_completed(chosen)
    return {
        **start,
        **(settings_of(last) if last else {}),
        "model": chosen.pk,
        **(_sample_start(request.team) if chosen == _sample(request.team) else {}),
    }


def _sample(team: Team) -> object:
    return sample.find_model(team)


def _sample_start(team: Team) -> dict[str, object]:
    return {name: value for name, value in sample.fields().items() if name != "model"}
