"""The first values of the new-job form: the request of a preset or of a cloned job, or a model's latest settings."""

from __future__ import annotations

import json
from typing import Any

from django.forms import BoundField

from jobs import queries
from jobs.forms.job import CHANGEABLE, JobForm, RawRequestForm, filled_in_as, label_of, settings_of
from jobs.forms.preset import filled_in_as_preset
from jobs.models import RegisteredModel
from jobs.pages.preset_choice import keep_locked
from jobs.services.submitting import sample
from jobs.services.submitting.drafting import Draft
from teams.access import MemberRequest
from teams.whole_numbers import parse_whole_number


def raw_form_at_start(draft: Draft) -> RawRequestForm:
    """The form for a pasted request, with the cloned job's."""
    if draft.source is None:
        return RawRequestForm(draft.team)
    text = json.dumps(draft.source_request(), indent=2)
    return RawRequestForm(draft.team, initial={"connection": draft.source.connection.slug, "request": text})


def form_at_start(request: MemberRequest, draft: Draft) -> JobForm:
    """The form with the preset's request, else the cloned job's, else a model with its latest settings."""
    if draft.preset is not None:
        values = filled_in_as_preset(draft.preset)
    elif draft.source is not None:
        values = {**filled_in_as(draft.source), **_changed_value(request)}
    else:
        values = _values_for_model(request)
    form = JobForm(draft.team, initial=values)
    keep_locked(draft, form)
    return form


def change_of(request: MemberRequest, draft: Draft, form: JobForm) -> dict[str, str | BoundField] | None:
    """The one field that the address changes in the cloned job's request, with both values in words, else None."""
    change = _changed_value(request)
    if draft.source is None or len(change) != 1:
        return None
    (name,) = change
    field = form[name]
    was = filled_in_as(draft.source).get(name)
    return {"field": field, "to": label_of(field, field.value()), "was": label_of(field, was)}


def _changed_value(request: MemberRequest) -> dict[str, str]:
    pairs = zip(request.GET.getlist("change"), request.GET.getlist("to"), strict=False)
    return {name: value for name, value in pairs if name in CHANGEABLE}


def _values_for_model(request: MemberRequest) -> dict[str, Any]:
    values: dict[str, Any] = {"instance_type": "ml.m5.large", "instance_count": 1}
    model = _model(request)
    if model is not None:
        if last_job := queries.last_completed(model):
            values |= settings_of(last_job)
        values |= {**sample.fields_of(model), "model": model.pk}
    # What was chosen on the Data page.
    return {**values, "data": request.GET["data"]} if "data" in request.GET else values


def _model(request: MemberRequest) -> RegisteredModel | None:
    """The model that the address names, else the one that the person used last."""
    model_id = parse_whole_number(request.GET.get("model", ""))
    if model_id is not None:
        return queries.models(request.team).filter(pk=model_id).first()
    return queries.model_in_hand(request.team, request.user)
