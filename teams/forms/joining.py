"""The forms of an invitation: with an account, or with a new one."""

# Django's forms are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from teams.models import User

_PLAIN_NAME = {"autocapitalize": "none", "autocomplete": "username"}


class JoinForm(forms.Form):
    """The user name, where the invitation names nobody, and the password of an account."""

    username = forms.CharField(label="User name", max_length=150, widget=forms.TextInput(attrs=_PLAIN_NAME))
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, invited: User | None, data: Any = None) -> None:
        username = request.user.get_username() if request.user.is_authenticated else ""
        super().__init__(data, initial={"username": username})
        self._request, self._invited = request, invited
        self.user: User | None = None
        if invited is not None:
            del self.fields["username"]
            self.fields["password"].label = f"Password of {invited.get_username()}"

    def clean(self) -> dict[str, Any]:
        """Find the user by the password; guesses are counted and limited as those of sign-in are."""
        cleaned = super().clean() or {}
        name = self._invited.get_username() if self._invited else cleaned.get("username", "")
        person = authenticate(self._request, username=name, password=cleaned.get("password", ""))
        if not isinstance(person, User):
            raise ValidationError(
                "This is not the account's password."
                if self._invited
                else "The user name or the password is wrong."
            )
        self.user = person
        return cleaned


class NewAccountForm(SetPasswordForm):
    """A user name and a password for a new account."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        help_text="Letters, digits and @ . + - _ only.",
        widget=forms.TextInput(attrs=_PLAIN_NAME),
    )
    field_order = ("username",)

    def __init__(self, data: Any = None) -> None:
        super().__init__(User(), data, auto_id="new_%s")

    def clean(self) -> dict[str, Any]:
        """Compare the password with the new user name too."""
        self.user.username = self.cleaned_data.get("username", "")
        return super().clean() or {}

    def hashed_password(self) -> str:
        """The password as it is stored."""
        return make_password(self.cleaned_data["new_password1"])
