"""The settings with which a model's latest job completed, offered where the new-job form has others."""

from __future__ import annotations

import json
from dataclasses import dataclass

from jobs import queries
from jobs.forms.job import JobForm, as_option, settings_of
from jobs.models import TransformJob

_TOLD = ("instance_type", "content_type", "split_type", "strategy")


@dataclass(frozen=True, slots=True)
class Offer:
    """A job whose settings the form could have, in a few words, and what the button for it sends."""

    job: TransformJob
    words: str
    fix: str


def offer_of(draft: JobForm, form: JobForm) -> Offer | None:
    """The offer for a form, by its checked `draft`; None without a job, with its settings, or with a preset's locks."""
    model = None if any(one.disabled for one in form.fields.values()) else draft.cleaned_data.get("model")
    job = queries.last_completed(model) if model else None
    if job is None:
        return None
    settings = settings_of(job)
    # A form that is first shown has numbers where one that was sent has texts.
    if all(as_option(draft.data.get(name, "")) == value for name, value in settings.items()):
        return None
    words = ", ".join(settings[name] for name in _TOLD if settings.get(name))
    return Offer(job, words, json.dumps(settings))
