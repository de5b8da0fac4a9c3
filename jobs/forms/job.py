"""The new-job form: every CreateTransformJob field, checked by the same code as the API's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from help.fields import explained
from jobs import queries
from jobs.forms.fields import JSONTextField
from jobs.forms.job_fields import SECTIONS, Section, job_fields
from jobs.models import Connection, TransformJob
from jobs.services.errors import InvalidFields
from jobs.services.submitting import job_options, submission
from jobs.services.texts import trouble_with
from teams.models import Team
from transform.request_fields import GROUPS
from transform.rule_texts import INVALID, RuleText, code_of

CONTENT_TYPES = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "text/libsvm",
    "image/jpeg",
    "image/png",
)


#: Fields that a link to the form may fill in: those that hold one word or number.
CHANGEABLE = frozenset(
    name
    for name, field in job_fields().items()
    if type(field) in (forms.CharField, forms.IntegerField, forms.ChoiceField) and name != "name"
)


class JobForm(forms.Form):
    """A transform job's fields. A valid form has `parsed`: what `submission.parse` returned.

    `request_body` is the API's body that was made of the fields, valid or not.
    """

    request_body: dict[str, Any] | None = None

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        models = queries.models(team)
        self.fields["model"] = explained(
            "jobs#model",
            forms.ModelChoiceField(
                models,
                label="Model",
                empty_label="Choose a model",
                widget=forms.Select(attrs={"data-combobox": ""}),
                error_messages={
                    "required": "Choose one of the team's models.",
                    "invalid_choice": "Choose one of these.",
                },
            ),
        )
        self.fields["model"].label_from_instance = lambda model: f"{model.name} · {model.connection.name}"  # type: ignore[attr-defined]
        self.fields.update(job_fields())

    def clean(self) -> dict[str, Any]:
        """Check the whole request. A problem is shown beside its field, or on top if the form has no such field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        model = cleaned.get("model")
        self.request_body = self.body()
        if model:
            self.request_body |= {"model": model.name, "connection": model.connection.slug}
        try:
            self.parsed = submission.parse(self.team, self.request_body)
        except InvalidFields as error:
            self._report(error.fields)
        return cleaned

    def body(self) -> dict[str, Any]:
        """The fields that are filled in as the API's body, without `connection` and `model`."""
        body: dict[str, Any] = {}
        for name in self.fields:
            value = self.cleaned_data.get(name)
            if name == "model" or value in (None, "", {}, []):
                continue
            group, _, inner = name.partition(".")
            if inner:
                body.setdefault(group, {})[inner] = value
            else:
                body[name] = value
        return body

    def wrong(self) -> dict[str, list[str]]:
        """The sentences about wrong fields of a form that was checked, each with the code of its rule."""
        return {
            name: [RuleText(text, error.code or INVALID) for error in errors for text in error.messages]
            for name, errors in self.errors.as_data().items()
        }

    def _report(self, problems: dict[str, list[str]]) -> None:
        for name, texts in problems.items():
            # Without a model there is no connection. One sentence about it is enough.
            if name in ("connection", "model") and "model" in self.errors:
                continue
            if name in self.errors:
                continue
            errors = [ValidationError(text, code=code_of(text)) for text in texts]
            self.add_error(name if name in self.fields else None, errors)

    @property
    def folds(self) -> list[dict[str, Any]]:
        """The sections with their fields; a section with an error is open."""
        return [self._fold(section) for section in SECTIONS]

    def _fold(self, section: Section) -> dict[str, Any]:
        bound = [self[name] for name in section.fields()]
        filled_fields = [field for field in bound if field.value() not in (None, "", {}, [])]
        wrong = any(field.errors for field in bound)
        summary = ", ".join(
            f"{field.label}: {field.value()}" for field in filled_fields[:3] if isinstance(field.value(), str)
        )
        return {
            "title": section.title,
            "summary": summary or section.summary,
            "fields": bound,
            "open": wrong,
            "wrong": wrong,
            "has_trial": section.has_trial,
        }


def filled_in_as(job: TransformJob) -> dict[str, Any]:
    """The initial values of JobForm for the request of a job, without its name, which can be used once.

    For a trial, the request for all of its input, whose name was not used.
    """
    spec = {name: value for name, value in job.full_request.items() if name != "name" or job.trial_run}
    return {"model": job.model_id, **job_options.non_default_options(job), **filled_in(spec)}


def filled_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The initial values of JobForm for fields under the SDK's names, without `model`."""
    filled: dict[str, Any] = {}
    for name, value in fields.items():
        if name in GROUPS:
            filled |= {f"{name}.{inner}": as_option(member) for inner, member in value.items()}
        elif name != "model_name":
            filled[name] = value
    return filled


def settings_of(job: TransformJob) -> dict[str, str]:
    """The job's settings as a form sends them, empty for none: all fields but its name, input and output."""
    filled = filled_in(job.full_request)
    names = CHANGEABLE - {"data", "data_type", "output_path", *job_options.NAMES}
    return {name: as_option(filled.get(name, "")) for name in job_fields() if name in names}


def label_of(field: BoundField, value: object) -> str:
    """A field's value in the form's words; empty for none."""
    text = "" if value in (None, "") else as_option(value)
    choices = getattr(field.field, "choices", ())
    return str(dict(choices).get(text, text)) if text and choices else text


def as_option(value: object) -> str:
    """A value as a browser sends it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class RawRequestForm(forms.Form):
    """A CreateTransformJob request that is pasted as JSON. `request_body` and `parsed` are those of JobForm."""

    request_body: dict[str, Any] | None = None
    connection: forms.ModelChoiceField[Connection] = forms.ModelChoiceField(
        None, label="Connection", to_field_name="slug", empty_label=None
    )
    request = JSONTextField(
        label="Request",
        help_text="The JSON of CreateTransformJob, as boto3, the aws CLI and a job's Request tab have it.",
        widget=forms.Textarea(attrs={"class": "mono tall", "spellcheck": "false"}),
        error_messages={"required": "Paste a CreateTransformJob request."},
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        self.fields["connection"].queryset = queries.connections(team)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check the request. Every problem stands above the text, with the name of its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "connection" in cleaned and "request" in cleaned:
            trouble = trouble_with(cleaned["request"])
            if trouble:
                raise forms.ValidationError({"request": f"The request {trouble}"})
            self.request_body = {"connection": cleaned["connection"].slug, "request": cleaned["request"]}
            try:
                self.parsed = submission.parse(self._team, self.request_body)
            except InvalidFields as error:
                for name, texts in error.fields.items():
                    self.add_error("request", [f"{name}: {text}" for text in texts])
        return cleaned

    def wrong(self) -> dict[str, list[str]]:
        """Nothing, since the problems of a pasted request are errors of its text."""
        return {}
