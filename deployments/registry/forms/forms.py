"""The forms that create a group, register a version, decide on it and make a model of it."""

from __future__ import annotations

from typing import Any

from django import forms

from deployments.models.approval_change import Approval
from jobs.forms.fields import JSONTextField, KeyValueField, WordsField
from jobs.models import Connection
from jobs.services.registry import registered_models
from teams.models import Team

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class GroupForm(forms.Form):
    """A new model package group."""

    connection: forms.ModelChoiceField[Connection] = forms.ModelChoiceField(
        None, label="Connection", to_field_name="slug", empty_label=None
    )
    name = forms.CharField(
        label="Name",
        required=False,
        help_text="Letters, digits and hyphens, 63 at most. It cannot be changed later.",
        widget=forms.TextInput(attrs=_MONO),
    )
    description = forms.CharField(label="Description", required=False)

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Connection.objects.for_team(team).filter(removed_at=None).order_by("slug")
        self.fields["connection"].queryset = rows  # type: ignore[attr-defined]


class VersionForm(forms.Form):
    """A new version: one container, by image, archive and environment, or a pipeline's containers as JSON."""

    image = forms.CharField(
        label="Container image",
        required=False,
        help_text="Choose a framework, or give any image's URI.",
        widget=forms.TextInput(attrs=_MONO),
    )
    model_data = forms.CharField(
        label="Model archive",
        required=False,
        help_text="One .tar.gz in S3.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "s3://bucket/model.tar.gz"}),
    )
    env = KeyValueField(label="Environment", required=False, help_text="One KEY=VALUE a line.")
    description = forms.CharField(
        label="Description", required=False, help_text="SageMaker does not let it be changed later."
    )
    approval = forms.ChoiceField(label="Approval", choices=Approval.choices, initial=Approval.PENDING)
    content_types = WordsField(
        label="Content types",
        required=False,
        help_text="What it reads, such as text/csv.",
        widget=forms.TextInput(attrs=_MONO),
    )
    response_types = WordsField(
        label="Response types",
        required=False,
        help_text="What it answers with.",
        widget=forms.TextInput(attrs=_MONO),
    )
    transform_instance_types = WordsField(
        label="Instance types for transform jobs", required=False, widget=forms.TextInput(attrs=_MONO)
    )
    statistics_uri = forms.CharField(
        label="Model quality statistics",
        required=False,
        help_text="A JSON document in S3, such as an evaluation step writes.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "s3://bucket/evaluation.json"}),
    )
    metadata = KeyValueField(
        label="Metadata",
        required=False,
        help_text="One KEY=VALUE a line. Numbers are shown as metrics.",
    )
    containers = JSONTextField(
        label="Containers",
        required=False,
        help_text="Containers as JSON: 2 to 15, in the order in which records go through them.",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 8, "spellcheck": "false"}),
    )
    skip_check = forms.BooleanField(
        label="Register it without looking at its archives",
        required=False,
        help_text="If the connection's credentials cannot read them.",
    )

    def clean_containers(self) -> list[Any]:
        """The pipeline's containers; empty for a version of one container."""
        containers = self.cleaned_data["containers"]
        if containers in (None, ""):
            return []
        if not isinstance(containers, list) or len(containers) < 2:
            raise forms.ValidationError(
                'It must be a list of 2 to 15 containers: [{"Image": "…"}, {"Image": "…"}].'
            )
        return containers

    def clean(self) -> dict[str, Any]:
        """Check that a pipeline is given without the fields of a single container."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("containers"):
            for name in ("image", "model_data", "env"):
                if cleaned.get(name):
                    self.add_error(
                        name, "It must be empty beside a pipeline, whose containers have their own."
                    )
        return cleaned

    def values(self) -> dict[str, Any]:
        """The arguments of `register_version` from a valid form."""
        values = dict(self.cleaned_data)
        container = registered_models.container(
            values.pop("image"), values.pop("model_data"), values.pop("env")
        )
        return {**values, "containers": values["containers"] or [container]}


class ApprovalForm(forms.Form):
    """A decision on a version. `before` is the approval that the person saw."""

    note = forms.CharField(label="Note", required=False, max_length=1024)
    status = forms.ChoiceField(choices=Approval.choices)
    before = forms.CharField(required=False)


class MetadataForm(forms.Form):
    """The metadata of a version."""

    metadata = KeyValueField(
        label="Metadata",
        required=False,
        help_text="One KEY=VALUE a line; a line that is removed is removed in SageMaker. Numbers are shown as metrics.",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 10, "spellcheck": "false"}),
    )


class ModelOfVersionForm(forms.Form):
    """The model that is made of a version."""

    name = forms.CharField(label="Name", required=False, widget=forms.TextInput(attrs=_MONO))
    execution_role_arn = forms.CharField(
        label="Execution role",
        required=False,
        help_text="The role SageMaker runs the model with. An engine needs none.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "arn:aws:iam::123456789012:role/name"}),
    )
    description = forms.CharField(label="Description", required=False, max_length=200)
