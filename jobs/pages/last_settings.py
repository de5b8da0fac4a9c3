"""The settings of a model's latest completed job, offered if the new-job form has others."""

from __future__ import annotations

import json
from dataclasses import dataclass

from jobs import queries
from jobs.forms.job import JobForm, as_option, settings_of
from jobs.models import TransformJob

_FIELDS_IN_WORDS = ("instance_type", "content_type", "split_type", "strategy")


@dataclass(frozen=True, slots=True)
class Offer:
    """A job whose settings the form could take over, these in a few words, and the button's value."""

    job: TransformJob
    words: str
    fix: str


def offer_of(draft: JobForm, form: JobForm) -> Offer | None:
    """The offer for a form, by its validated `draft`; None without a job, for equal settings, or locked fields."""
    model = None if any(field.disabled for field in form.fields.values()) else draft.cleaned_data.get("model")
    job = queries.last_completed(model) if model else None
    if job is None:
        return None
    settings = settings_of(job)
    # A new form has numbers where a submitted one has texts.
    if all(as_option(draft.data.get(name, "")) == value for name, value in settings.items()):
        return None
    words = ", ".join(settings[name] for name in _FIELDS_IN_WORDS if settings.get(name))
    return Offer(job, words, json.dumps(settings))
