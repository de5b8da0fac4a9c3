"""The fields of the new-job form, by section: one for each field of a request and each of our own options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from django import forms

from help.fields import explained
from jobs.forms.fields import KeyValueField, WordsField, choices
from jobs.options import OPTIONS
from transform.field_facts import FieldFacts, Kind
from transform.request_fields import FIELDS, FormSection

Fields = dict[str, forms.Field]


def job_fields() -> Fields:
    """All fields, in the order of the page; `model` is added by the form."""
    fields = essential_fields()
    for section in SECTIONS:
        fields |= section.fields()
    return fields


def essential_fields() -> Fields:
    """The fields that every job needs; `model` is added by the form."""
    fields = _request_fields(FormSection.ESSENTIALS)
    del fields["model_name"]
    return fields


def _request_fields(section: FormSection) -> Fields:
    return {name: form_field(entry) for name, entry in FIELDS.items() if entry.section is section}


def form_field(facts: FieldFacts) -> forms.Field:
    """The form field of a field in the table. It is not required, since the rules check what a job needs."""
    return explained(facts.help_link, _plain_field(facts))


def _plain_field(facts: FieldFacts) -> forms.Field:
    label, hint = facts.label, facts.hint
    match facts.kind:
        case Kind.WHOLE:
            return forms.IntegerField(label=label, help_text=hint, initial=facts.default, required=False)
        case Kind.CHOICE:
            options = choices(facts.choices, with_default=facts.default is None)
            return forms.ChoiceField(
                label=label, help_text=hint, choices=options, initial=facts.default, required=False
            )
        case Kind.FLAG:
            options = [("", "Default"), ("true", "Yes"), ("false", "No")]
            return forms.NullBooleanField(
                label=label, help_text=hint, required=False, widget=forms.Select(choices=options)
            )
        case Kind.TEXTS:
            return KeyValueField(label=label, help_text=hint, required=False)
        case Kind.AMOUNT:
            return forms.DecimalField(label=label, help_text=hint, required=False)
    attrs = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
    attrs |= {"placeholder": facts.example} if facts.example else {}
    attrs |= {"list": facts.suggestions} if facts.suggestions else {}
    text_field = WordsField if facts.kind is Kind.WORDS else forms.CharField
    return text_field(label=label, help_text=hint, required=False, widget=forms.TextInput(attrs=attrs))


def _option_fields() -> Fields:
    # An option without a value has its default; the form does not send it.
    return {name: form_field(replace(option, default=None)) for name, option in OPTIONS.items()}


@dataclass(frozen=True, slots=True)
class Section:
    """A fold of the form: its title, a few words about its fields, and the fields.

    `has_trial`: beside the fields stands what they make of the input's first records.
    """

    title: str
    summary: str
    help_link: str
    make_fields: Callable[[], Fields]
    has_trial: bool = False

    def fields(self) -> Fields:
        """The fields by name; those without a help link of their own have the section's."""
        fields = self.make_fields()
        for field in fields.values():
            explained(getattr(field, "help_link", "") or self.help_link, field)
        return fields


def _section(
    title: str, summary: str, help_link: str, section: FormSection, *, has_trial: bool = False
) -> Section:
    return Section(title, summary, help_link, partial(_request_fields, section), has_trial)


SECTIONS = (
    _section(
        "Records and batching",
        "content type, splitting, records a call",
        "jobs#records-and-batching",
        FormSection.RECORDS,
    ),
    _section("Output", "accept, assembling, encryption", "jobs#output", FormSection.OUTPUT),
    _section(
        "Join and filter",
        "JSONPaths, join with input",
        "jobs#join-and-filter",
        FormSection.JOIN,
        has_trial=True,
    ),
    _section(
        "Limits and retries",
        "payload, concurrency, time for a call",
        "jobs#limits-and-retries",
        FormSection.LIMITS,
    ),
    _section(
        "Environment and tags",
        "variables for the container, tags on the job",
        "jobs#environment-and-tags",
        FormSection.VARIABLES,
    ),
    _section("More", "volume key, AMI, data capture, experiment", "jobs#more-settings", FormSection.MORE),
    Section(
        "Queue and guard rails",
        "priority, fallback types, retries, deadline, cost cap",
        "jobs#queue-and-guard-rails",
        _option_fields,
    ),
)
