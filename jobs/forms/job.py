"""The new-job form: every CreateTransformJob field, checked by the same code as the API's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

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


#: Fields into which a link to the form may put a value: those that hold one word or number.
CHANGEABLE = frozenset(
    name
    for name, field in job_fields().items()
    if type(field) in (forms.CharField, forms.IntegerField, forms.ChoiceField) and name != "name"
)


class JobForm(forms.Form):
    """A transform job's fields. Valid when `submission.parse` takes them; then `parsed` is what it gave.

    `asked` is the body that was made of them, valid or not.
    """

    asked: dict[str, Any] | None = None

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        models = queries.models(team)
        self.fields["model"] = forms.ModelChoiceField(
            models,
            label="Model",
            empty_label="Choose a model",
            widget=forms.Select(attrs={"data-combobox": ""}),
            error_messages={
                "required": "Choose one of the team's models.",
                "invalid_choice": "Choose one of these.",
            },
        )
        self.fields["model"].label_from_instance = lambda model: f"{model.name} · {model.connection.name}"  # type: ignore[attr-defined]
        self.fields.update(job_fields())

    def clean(self) -> dict[str, Any]:
        """Check the whole request; each problem goes to its field, those without one to the top."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        model = cleaned.get("model")
        self.asked = self.body()
        if model:
            self.asked |= {"model": model.name, "connection": model.connection.slug}
        try:
            self.parsed = submission.parse(self.team, self.asked)
        except InvalidFields as error:
            self._report(error.fields)
        return cleaned

    def body(self) -> dict[str, Any]:
        """What was filled in, as the API takes it, without `connection` and `model`."""
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
        """What is wrong with the fields of a form that was checked: sentences with the codes of their rules."""
        return {
            name: [RuleText(text, error.code or INVALID) for error in errors for text in error.messages]
            for name, errors in self.errors.as_data().items()
        }

    def _report(self, problems: dict[str, list[str]]) -> None:
        for name, texts in problems.items():
            # Without a model there is no connection either; one sentence about that is enough.
            if name in ("connection", "model") and "model" in self.errors:
                continue
            if name in self.errors:
                continue
            errors = [ValidationError(text, code=code_of(text)) for text in texts]
            self.add_error(name if name in self.fields else None, errors)

    @property
    def folds(self) -> list[dict[str, Any]]:
        """The sections with their fields; one with an error or a value is open."""
        return [self._fold(section) for section in SECTIONS]

    def _fold(self, section: Section) -> dict[str, Any]:
        bound = [self[name] for name in section.fields()]
        given = [field for field in bound if field.value() not in (None, "", {}, [])]
        wrong = any(field.errors for field in bound)
        summary = ", ".join(
            f"{field.label}: {field.value()}" for field in given[:3] if isinstance(field.value(), str)
        )
        return {
            "title": section.title,
            "summary": summary or section.summary,
            "fields": bound,
            "open": wrong,
            "wrong": wrong,
            "tried": section.tried,
        }


def filled_in_as(job: TransformJob) -> dict[str, Any]:
    """What JobForm begins with to make the job's request; without its name, which SageMaker takes once."""
    spec = {name: value for name, value in job.spec.items() if name != "name"}
    return {"model": job.model_id, **job_options.non_default_options(job), **filled_in(spec)}


def filled_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What JobForm begins with for these fields of the SDK; `model` is for the caller to add."""
    filled: dict[str, Any] = {}
    for name, value in fields.items():
        if name in GROUPS:
            filled |= {f"{name}.{inner}": as_option(given) for inner, given in value.items()}
        elif name != "model_name":
            filled[name] = value
    return filled


def settings_of(job: TransformJob) -> dict[str, str]:
    """How the job ran, field by field, empty where it says nothing; what it read, wrote and was called is left out."""
    filled = filled_in(job.spec)
    names = CHANGEABLE - {"data", "data_type", "output_path", *job_options.NAMES}
    return {name: as_option(filled.get(name, "")) for name in job_fields() if name in names}


def shown(field: BoundField, value: object) -> str:
    """A value of a field in the words that the form has for it; empty for none."""
    text = "" if value in (None, "") else as_option(value)
    choices = getattr(field.field, "choices", ())
    return str(dict(choices).get(text, text)) if text and choices else text


def as_option(value: object) -> str:
    """A value as a form sends it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class RawRequestForm(forms.Form):
    """The CreateTransformJob JSON itself, for those who have it already. `asked` as in JobForm."""

    asked: dict[str, Any] | None = None
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
        """Check the request; every problem is named by its field above the text."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "connection" in cleaned and "request" in cleaned:
            trouble = trouble_with(cleaned["request"])
            if trouble:
                raise forms.ValidationError({"request": f"The request {trouble}"})
            self.asked = {"connection": cleaned["connection"].slug, "request": cleaned["request"]}
            try:
                self.parsed = submission.parse(self._team, self.asked)
            except InvalidFields as error:
                for name, texts in error.fields.items():
                    self.add_error("request", [f"{name}: {text}" for text in texts])
        return cleaned

    def wrong(self) -> dict[str, list[str]]:
        """Nothing: what is wrong inside the request is told by the names of its fields."""
        return {}
