"""Read which tags a person sets and removes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from jobs.forms.fields import KeyValueField
from jobs.services.attempts.tagging import TagChanges
from jobs.services.errors import InvalidFields


class TagKeysField(forms.CharField):
    """Keys of tags with commas or line breaks between them, as a list; tags have none of the two."""

    def to_python(self, value: Any) -> Any:
        """The list; empty for an empty text."""
        return [key.strip() for key in re.split(r"[,\r\n]", str(value or "")) if key.strip()]


class TagChangesForm(forms.Form):
    """The fields of the question about tags."""

    set_tags = KeyValueField(
        label="Tags to set",
        required=False,
        help_text="One key=value a line, such as team=growth.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"}),
    )
    remove_tags = TagKeysField(
        label="Tags to remove",
        required=False,
        help_text="Their keys, with commas between them.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )


def read_tag_changes(data: Mapping[str, Any]) -> TagChanges:
    """The changes that the form's fields ask for; InvalidFields for a text that is no list of tags."""
    form = TagChangesForm(data)
    if not form.is_valid():
        texts = {name: [str(message) for message in errors] for name, errors in form.errors.items()}
        raise InvalidFields(texts)
    return TagChanges(form.cleaned_data["set_tags"], form.cleaned_data["remove_tags"])
