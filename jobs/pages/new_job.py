"""The page that submits a job."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import queries
from jobs.forms import request_json
from jobs.forms.job import JobForm
from jobs.forms.request_json import Problem
from jobs.models import Preset
from jobs.pages import draft_start, preflight, preset_choice
from jobs.pages.request_panel import PENDING, Panel, panel_of, suggestions
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from jobs.services.submitting import jobs_under_way, trials
from jobs.services.submitting.drafting import Draft
from jobs.services.submitting.jobs_under_way import SubmittedMeanwhile
from jobs.services.submitting.preflight import PreflightReport
from teams.access import MemberRequest, member_required
from teams.models import Role
from teams.whole_numbers import parse_whole_number

#: Buttons that show the form again without submitting.
_SHOW_AGAIN = {"check", "fix", "from_json", "to_json"}


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_job(request: MemberRequest) -> HttpResponse:
    """Fill in a job, or with `?as=json` paste its request. Submitting leads to the job's page.

    `?from=` is the key of a job to clone; `change=` and `to=` put a value into one field. A job is not submitted with
    errors of preflight, with warnings that are not ticked, or with an edit of the JSON that was not taken over. With
    `try` the first records are tried, as many as `first_records` says.
    Other buttons only show the form again.
    """
    if response := preset_choice.response_to_pick(request):
        return response
    draft = preset_choice.draft_of(request)
    return _sent_form(request, draft) if request.method == "POST" else _first_form(request, draft)


def _first_form(request: MemberRequest, draft: Draft) -> HttpResponse:
    if _is_raw(request):
        return _page(request, draft, draft_start.raw_form_at_start(draft))
    form = draft_start.form_at_start(request, draft)
    change = draft_start.change_of(request, draft, form)
    return _page(request, draft, form, panel=panel_of(form), changed=change)


def _sent_form(request: MemberRequest, draft: Draft) -> HttpResponse:
    data, problems = _data_after_button(request, draft)
    form = preflight.form_of(request, draft, data)
    known_ids = jobs_under_way.ids_near(*form.parsed[:2]) if form.is_valid() else frozenset[int]()
    report = preflight.report_of(draft, form)
    rail = preflight.rail_of(form, report, data)
    panel = panel_of(form, data, problems) if isinstance(form, JobForm) else None
    if "try" in data:
        return _begun_trial(form, draft, report, data) or _page(
            request, draft, form, panel=panel, rail=rail, status=400
        )
    submits = not _SHOW_AGAIN & set(data)
    if submits and _may_submit(form, panel) and preflight.allows(form, report, data.getlist("tick")):
        try:
            return redirect(draft.submit(*form.parsed, known_ids=known_ids))
        except InvalidFields as error:
            form.add_error(None, str(error))
        except SubmittedMeanwhile as error:
            rail = preflight.rail_of(form, preflight.report_of(draft, form), data)
            form.add_error(None, str(error))
    return _page(request, draft, form, panel=panel, rail=rail, status=400 if submits and form.errors else 200)


def _begun_trial(
    form: preflight.Form, draft: Draft, report: PreflightReport, data: QueryDict
) -> HttpResponse | None:
    """The way to the trial's page; None where it was not begun, and the form has the reasons.

    Warnings of preflight need no tick: a trial shows what comes of them, and replaces nothing.
    """
    count = parse_whole_number(data.get("first_records", ""))
    if count is None or not 1 <= count <= trials.MOST:
        form.add_error(None, f"Number of first records: {trials.NUMBER}")
    preflight.add_errors(form, report)
    if form.errors or count is None:
        return None
    try:
        return redirect(draft.try_first(*form.parsed, count))
    except (InvalidFields, NotPossible, Unavailable) as error:
        form.add_error(None, str(error))
    return None


def _may_submit(form: preflight.Form, panel: Panel | None) -> bool:
    if panel and panel.pending:
        form.add_error(None, PENDING)
    return form.is_valid()


def _page(
    request: MemberRequest, draft: Draft, form: preflight.Form, *, status: int = 200, **parts: Any
) -> HttpResponse:
    raw = _is_raw(request)
    context = {
        "form": form,
        "raw": raw,
        "source": draft.source,
        "preset": draft.preset,
        "unlocked": draft.is_unlocked,
        "presets": Preset.objects.for_team(draft.team).values("slug", "name")[:500],
        **({} if raw else suggestions(draft.team)),
        "has_models": queries.models(draft.team).exists(),
        "first_records": request.POST.get("first_records", trials.DEFAULT),
        "most_first_records": trials.MOST,
        **parts,
    }
    return render(request, "jobs/new_job.html", context, status=status)


def _is_raw(request: MemberRequest) -> bool:
    return request.GET.get("as") == "json"


def _data_after_button(request: MemberRequest, draft: Draft) -> tuple[QueryDict, list[Problem]]:
    """The form's data after its button: with a fix, with fields from the JSON, or without the edit of the JSON."""
    data = preflight.with_fix(request.POST)
    if "to_json" in data:
        data = data.copy()
        data.pop("request_json", None)
    elif "from_json" in data:
        make_form = partial(preset_choice.filled_form, draft)
        reading = request_json.read(data.get("request_json", ""), data, make_form)
        return reading.data, reading.problems
    return data, []
