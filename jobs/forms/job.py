"""The new-job form: every CreateTransformJob field, checked by the same code as the API's body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from jobs.forms.fields import KeyValueField, choices
from jobs.models import Connection, RegisteredModel
from jobs.services import submission
from jobs.services.errors import InvalidFields
from teams.models import Team
from transform import rules

#: The types that teams use most; any other can be typed.
INSTANCE_TYPES = (
    "ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge", "ml.c5.xlarge", "ml.c5.2xlarge", "ml.c5.4xlarge",
    "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g5.xlarge", "ml.g5.2xlarge", "ml.p3.2xlarge",
)  # fmt: skip
CONTENT_TYPES = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "text/libsvm",
    "image/jpeg",
    "image/png",
)

_STRATEGIES = {"MultiRecord": "as many records a call as fit", "SingleRecord": "one record a call"}
_SPLITS = {"None": "an object is one record", "Line": "a line is one record"}
_ASSEMBLE = {"None": "answers glued together", "Line": "a line each"}


@dataclass(frozen=True, slots=True)
class Section:
    """A fold of the form: its title, what it holds in a few words, its fields' names."""

    title: str
    summary: str
    names: tuple[str, ...]


SECTIONS = (
    Section(
        "Records and batching",
        "content type, splitting, records a call",
        ("content_type", "split_type", "strategy", "compression_type"),
    ),
    Section("Output", "accept, assembling, encryption", ("accept", "assemble_with", "output_kms_key")),
    Section(
        "Join and filter", "JSONPaths, join with input", ("input_filter", "output_filter", "join_source")
    ),
    Section(
        "Limits and retries",
        "payload, concurrency, time for a call",
        (
            "max_payload",
            "max_concurrent_transforms",
            "model_client_config.invocations_timeout_in_seconds",
            "model_client_config.invocations_max_retries",
        ),
    ),
    Section("Environment and tags", "variables for the container, tags on the job", ("env", "tags")),
    Section(
        "More",
        "volume key, AMI, data capture, experiment",
        (
            "volume_kms_key",
            "transform_ami_version",
            "data_capture_config.destination_s3_uri",
            "data_capture_config.kms_key_id",
            "data_capture_config.generate_inference_id",
            "experiment_config",
        ),
    ),
)


def _text(label: str, hint: str = "", *, example: str = "", options: str = "") -> forms.Field:
    attrs = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
    attrs |= {"placeholder": example} if example else {}
    attrs |= {"list": options} if options else {}
    return forms.CharField(label=label, help_text=hint, required=False, widget=forms.TextInput(attrs=attrs))


def _number(label: str, hint: str) -> forms.Field:
    return forms.IntegerField(label=label, help_text=hint, required=False)


def _choice(
    label: str, words: tuple[str, ...], labels: dict[str, str] | None = None, hint: str = ""
) -> forms.Field:
    return forms.ChoiceField(label=label, choices=choices(words, labels), help_text=hint, required=False)


def _lines(label: str, hint: str) -> forms.Field:
    return KeyValueField(label=label, help_text=hint, required=False)


def job_fields() -> dict[str, forms.Field]:
    """A field for each of TransformSpec's, under the SDK's names; `model` is added by the form."""
    return {
        "name": _text(
            "Job name", "Empty: made from the model, the time and the job's key.", example="automatic"
        ),
        "data": _text(
            "Input", "Every object whose key starts with this is read.", example="s3://bucket/prefix/"
        ),
        "data_type": forms.ChoiceField(
            label="Input is",
            choices=[("S3Prefix", "S3Prefix: a prefix"), ("ManifestFile", "ManifestFile: a list of objects")],
            initial="S3Prefix",
            required=False,
        ),
        "output_path": _text(
            "Output", "One .out object for each input object.", example="s3://bucket/output/"
        ),
        "instance_type": _text("Instance type", example="ml.m5.large", options="instance-types"),
        "instance_count": forms.IntegerField(label="Instances", initial=1, required=False),
        "content_type": _text(
            "Content type", "Sent with every call.", example="text/csv", options="content-types"
        ),
        "split_type": _choice("Split", rules.SPLIT_TYPES, _SPLITS),
        "strategy": _choice("Batch strategy", rules.STRATEGIES, _STRATEGIES),
        "compression_type": _choice("Compression", rules.COMPRESSION_TYPES),
        "accept": _text(
            "Accept", "What the model should answer with.", example="text/csv", options="content-types"
        ),
        "assemble_with": _choice("Assemble with", rules.ASSEMBLE_WITH, _ASSEMBLE),
        "output_kms_key": _text("Output KMS key"),
        "input_filter": _text("Input filter", "What of a record the model sees.", example="$[1:]"),
        "output_filter": _text("Output filter", "What of the joined record is written.", example="$[0,-1]"),
        "join_source": _choice("Join with", rules.JOIN_SOURCES),
        "max_payload": _number("Largest call in MB", "0 to 100; times calls at once at most 100. Default 6."),
        "max_concurrent_transforms": _number(
            "Calls at once", "For each instance. Default: what the container says."
        ),
        "model_client_config.invocations_timeout_in_seconds": _number(
            "Seconds for a call", "1 to 3600. Default 600."
        ),
        "model_client_config.invocations_max_retries": _number("Retries of a call", "0 to 3. Default 3."),
        "env": _lines("Environment", "One KEY=VALUE a line, over the model's own."),
        "tags": _lines("Tags", "One KEY=VALUE a line."),
        "volume_kms_key": _text("Volume KMS key"),
        "transform_ami_version": _text("AMI version"),
        "data_capture_config.destination_s3_uri": _text("Data capture to", example="s3://bucket/capture/"),
        "data_capture_config.kms_key_id": _text("Data capture KMS key"),
        "data_capture_config.generate_inference_id": forms.NullBooleanField(
            label="Generate inference ids",
            required=False,
            widget=forms.Select(choices=[("", "Default"), ("true", "Yes"), ("false", "No")]),
        ),
        "experiment_config": _lines("Experiment", "ExperimentName=…, TrialName=…, one a line."),
    }


class JobForm(forms.Form):
    """A transform job's fields. Valid when `submission.parse` takes them; then `parsed` is what it gave."""

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        models = RegisteredModel.objects.for_team(team).select_related("connection").order_by("-id")
        self.fields["model"] = forms.ModelChoiceField(
            models,
            label="Model",
            empty_label="Choose a model",
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
        try:
            body = (
                {**self.body(), "model": model.name, "connection": model.connection.slug}
                if model
                else self.body()
            )
            self.parsed = submission.parse(self._team, body)
        except InvalidFields as error:
            self._report(error.fields)
        return cleaned

    def body(self) -> dict[str, Any]:
        """What was filled in, as the API takes it, without `connection` and `model`."""
        body: dict[str, Any] = {}
        for name in job_fields():
            value = self.cleaned_data.get(name)
            if value in (None, "", {}):
                continue
            group, _, inner = name.partition(".")
            if inner:
                body.setdefault(group, {})[inner] = value
            else:
                body[name] = value
        return body

    def _report(self, problems: dict[str, list[str]]) -> None:
        for name, texts in problems.items():
            # Without a model there is no connection either; one sentence about that is enough.
            if name in ("connection", "model") and "model" in self.errors:
                continue
            if name in self.errors:
                continue
            self.add_error(name if name in self.fields else None, texts)

    @property
    def essentials(self) -> list[Any]:
        """The fields that every job needs."""
        return [self[name] for name in ("model", "name", "data", "data_type", "output_path")]

    @property
    def folds(self) -> list[dict[str, Any]]:
        """The sections with their fields; one with an error or a value is open."""
        return [self._fold(section) for section in SECTIONS]

    def _fold(self, section: Section) -> dict[str, Any]:
        bound = [self[name] for name in section.names]
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
        }


class RawRequestForm(forms.Form):
    """The CreateTransformJob JSON itself, for those who have it already."""

    connection: forms.ModelChoiceField[Connection] = forms.ModelChoiceField(
        None, label="Connection", to_field_name="slug", empty_label=None
    )
    request = forms.JSONField(
        label="Request",
        widget=forms.Textarea(attrs={"class": "mono tall", "spellcheck": "false"}),
        error_messages={"invalid": "This is not JSON.", "required": "Paste a CreateTransformJob request."},
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team
        self.fields["connection"].queryset = team.connections.order_by("slug")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check the request; every problem is named by its field above the text."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "connection" in cleaned and "request" in cleaned:
            body = {"connection": cleaned["connection"].slug, "request": cleaned["request"]}
            try:
                self.parsed = submission.parse(self._team, body)
            except InvalidFields as error:
                for name, texts in error.fields.items():
                    self.add_error("request", [f"{name}: {text}" for text in texts])
        return cleaned
