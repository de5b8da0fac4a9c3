"""The form that sets one price of a connection."""

from __future__ import annotations

from itertools import chain

from django import forms

from jobs.models import Connection
from jobs.services.connections import prices
from jobs.services.errors import InvalidFields
from teams.models import User

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class PriceForm(forms.Form):
    """An instance type and its price, which replaces an earlier price."""

    instance_type = forms.CharField(
        label="Instance type",
        required=False,
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "ml.m5.large", "list": "instance-types"}),
    )
    usd_per_hour = forms.CharField(
        label="US dollars an hour",
        required=False,
        widget=forms.TextInput(attrs={**_MONO, "placeholder": "0.115", "inputmode": "decimal"}),
    )

    def save(self, connection: Connection, by: User) -> bool:
        """Write the price of a valid form. False if it was refused; the form then has the reasons."""
        name = self.cleaned_data["instance_type"]
        try:
            prices.change(connection, {name: self.cleaned_data["usd_per_hour"]}, by=by)
        except InvalidFields as error:
            for text in chain.from_iterable(error.fields.values()):
                self.add_error("instance_type" if "instance type" in text else "usd_per_hour", text)
            return False
        return True
