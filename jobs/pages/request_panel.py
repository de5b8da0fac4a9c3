"""The request beside the new-job form: its JSON, which can be edited instead of the fields, and code to copy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from jobs import queries
from jobs.forms import request_json
from jobs.forms.job import CONTENT_TYPES, JobForm
from jobs.forms.request_json import Problem
from jobs.pages import preset_choice
from jobs.pages.last_settings import Offer, offer_of
from jobs.pages.snippets import Snippet, snippets
from jobs.services.connections import prices
from teams.access import MemberRequest, member_required
from teams.models import Role, Team

#: The error of a form that is submitted while its JSON has an edit that was not taken over.
PENDING = "The request JSON was edited and not taken over: update the fields from it, or discard the edit."


@dataclass(frozen=True, slots=True)
class Panel:
    """The JSON with a mark, by which a later edit is noticed; `pending` if it holds an edit already."""

    text: str
    mark: str
    pending: bool = False
    problems: list[Problem] = field(default_factory=list)
    snippets: list[Snippet] = field(default_factory=list)
    #: The settings of the model's latest job, if the form has others.
    offer: Offer | None = None


@require_POST
@member_required(Role.OPERATOR, draws_only=True)
def fields(request: MemberRequest) -> HttpResponse:
    """The form's fields with the values of the edited JSON, or the problems of the JSON."""
    draft, text = preset_choice.draft_of(request), request.POST.get("request_json", "")
    reading = request_json.read(text, request.POST, partial(preset_choice.filled_form, draft))
    form = JobForm(request.team, initial=reading.data.dict())
    preset_choice.keep_locked(draft, form)
    context = {
        "form": form,
        "problems": reading.problems,
        "mark": request_json.mark(text),
        **suggestions(request.team),
    }
    answer = render(request, "jobs/job_fields_live.html", context)
    if reading.problems:
        answer["HX-Reswap"] = "none"
    else:
        answer["HX-Trigger-After-Settle"] = "fields-changed"
    return answer


def suggestions(team: Team) -> dict[str, object]:
    """The values that the fields suggest."""
    return {
        "instance_types": prices.suggested_types(team),
        "content_types": CONTENT_TYPES,
        "recent_inputs": queries.recent_inputs(team),
    }


def panel_of(form: JobForm, data: QueryDict | None = None, problems: list[Problem] | None = None) -> Panel:
    """The panel of a form. `data` is what was sent with it, which may include an edit of the JSON."""
    draft = request_json.checked_draft(form)
    request = request_json.request_of(draft)
    model = draft.cleaned_data.get("model")
    code = snippets(model.connection, request, draft.request_body or {}) if model else []
    text, offer = request_json.write(draft), offer_of(draft, form)
    sent = data.get("request_json") if data else None
    if sent is None or data is None or not _edited(sent, data.get("json_shown", ""), request):
        return Panel(text, request_json.mark(text), snippets=code, offer=offer)
    return Panel(
        sent, data.get("json_shown", ""), pending=True, problems=problems or [], snippets=code, offer=offer
    )


def _edited(text: str, shown_mark: str, request: dict[str, object]) -> bool:
    """Whether the text was edited and is another request than the fields."""
    if request_json.mark(text) == shown_mark:
        return False
    try:
        return bool(json.loads(text) != request)
    except (ValueError, RecursionError):
        return True
