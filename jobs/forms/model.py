"""The form that registers a model."""

from __future__ import annotations

from typing import Any

from django import forms

from help.fields import explained_fields
from jobs import queries
from jobs.forms.fields import JSONTextField, KeyValueField
from jobs.models import Connection, RegisteredModel
from jobs.services.errors import InvalidFields
from jobs.services.registry import registered_models
from jobs.services.texts import trouble_with
from teams.models import Team, User

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


@explained_fields("models#registering-a-model")
class ModelForm(forms.Form):
    """A model: one container, by image, archive and environment, or a pipeline's containers as JSON."""

    connection: forms.ModelChoiceField[Connection] = forms.ModelChoiceField(
        None, label="Connection", to_field_name="slug", empty_label=None
    )
    name = forms.CharField(label="Name", required=False, widget=forms.TextInput(attrs=_MONO))
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
    execution_role_arn = forms.CharField(
        label="Execution role",
        required=False,
        help_text="The role SageMaker runs the model with. An engine needs none.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "arn:aws:iam::123456789012:role/name"}),
    )
    description = forms.CharField(label="Description", required=False, max_length=200)
    containers = JSONTextField(
        label="Containers",
        required=False,
        help_text="CreateModel's Containers as JSON: 2 to 15, in the order in which records go through them.",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = queries.connections(team)  # type: ignore[attr-defined]

    def clean_containers(self) -> list[Any]:
        """The pipeline's containers; empty for a model of one container."""
        containers = self.cleaned_data["containers"]
        if containers in (None, ""):
            return []
        if not isinstance(containers, list) or len(containers) < 2:
            raise forms.ValidationError(
                'It must be a list of 2 to 15 containers: [{"Image": "…"}, {"Image": "…"}].'
            )
        if trouble := trouble_with(containers):
            raise forms.ValidationError(f"It {trouble}")
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

    def register(self, by: User) -> RegisteredModel | None:
        """Register the model of a valid form. None if it was refused; the form then has the reasons.

        Raises Unavailable if the connection could not be asked.
        """
        values = self.cleaned_data
        connection: Connection = values["connection"]
        container = registered_models.container(values["image"], values["model_data"], values["env"])
        try:
            return registered_models.register(
                connection,
                name=values["name"],
                containers=values["containers"] or [container],
                execution_role_arn=values["execution_role_arn"],
                description=values["description"],
                by=by,
            )
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name if name in self.fields else None, texts)
            return None
