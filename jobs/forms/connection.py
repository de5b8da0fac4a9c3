"""The form that adds an AWS connection."""

from __future__ import annotations

from django import forms

from jobs.models import Connection
from jobs.services import connections
from jobs.services.errors import InvalidFields
from teams.models import Team, User

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class ConnectionForm(forms.Form):
    """A region, and if the service's own credentials are not meant, a role to assume."""

    name = forms.CharField(
        label="Name", required=False, max_length=80, help_text="As the team calls it: prod."
    )
    region = forms.CharField(
        label="Region", required=False, widget=forms.TextInput(attrs={**_MONO, "placeholder": "eu-west-1"})
    )
    role_arn = forms.CharField(
        label="Role to assume",
        required=False,
        help_text="Empty: the credentials this service runs with.",
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "arn:aws:iam::123456789012:role/batchdeck"}),
    )
    external_id = forms.CharField(label="External id", required=False, widget=forms.TextInput(attrs=_MONO))
    max_running = forms.IntegerField(
        label="Jobs at once", required=False, help_text="Further ones wait their turn. Empty: no limit."
    )

    def create(self, team: Team, by: User) -> Connection | None:
        """Add what a valid form says. None if that was refused; the reasons are beside the fields then."""
        try:
            return connections.create(team, by=by, **self.cleaned_data)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name if name in self.fields else "name", texts)
            return None
