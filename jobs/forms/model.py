"""The form that registers a model."""

from __future__ import annotations

from typing import Any

from django import forms

from jobs import queries
from jobs.forms.fields import KeyValueField
from jobs.models import Connection, RegisteredModel
from jobs.services import models
from jobs.services.errors import InvalidFields
from teams.models import Team, User

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class ModelForm(forms.Form):
    """One container: image, archive, environment, role."""

    connection: forms.ModelChoiceField[Connection] = forms.ModelChoiceField(
        None, label="Connection", to_field_name="slug", empty_label=None
    )
    name = forms.CharField(label="Name", required=False, widget=forms.TextInput(attrs=_MONO))
    image = forms.CharField(
        label="Container image",
        required=False,
        help_text="Choose a framework above, or give any image's URI.",
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

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = queries.connections(team)  # type: ignore[attr-defined]

    def register(self, by: User) -> RegisteredModel | None:
        """Register what a valid form says. None if that was refused; the reasons are beside the fields then.

        Raises Unavailable if the connection could not be asked.
        """
        given = self.cleaned_data
        connection: Connection = given["connection"]
        try:
            return models.register(
                connection,
                name=given["name"],
                containers=[models.container(given["image"], given["model_data"], given["env"])],
                execution_role_arn=given["execution_role_arn"],
                description=given["description"],
                by=by,
            )
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name if name in self.fields else None, texts)
            return None
