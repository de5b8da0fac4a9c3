"""Edit forms that notice when somebody else has changed the row since the form was opened."""

from __future__ import annotations

import hashlib
import json

from django import forms

#: The hidden input that carries the version.
VERSION = "version"
_CHANGED = (
    "Somebody changed this while you were editing it. Below are your values; saving again replaces theirs. "
    "Open the page anew to see them."
)


class EditForm(forms.Form):
    """A form for a row. Its `initial` holds the row's values now, when it is shown and when it is sent.

    A template puts `version` into a hidden input of this name.
    """

    @property
    def version(self) -> str:
        """A digest of the row's values: another one after a change."""
        text = json.dumps(self.initial, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def check_version(self) -> bool:
        """Whether the row is as it was when the form was opened. If not, the form gets an error that says so.

        A form that was sent without a version, such as by a script, is taken as it is.
        """
        opened = self.data.get(VERSION, "")
        if opened in ("", self.version):
            return True
        self.add_error(None, _CHANGED)
        return False
