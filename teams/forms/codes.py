"""Forms about codes of an authenticator app."""

# Django's forms are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from teams import second_factor
from teams.forms.account import check_password
from teams.models import User

TOO_MANY = "There were too many wrong codes. Try again in 15 minutes."
WRONG = "This code is wrong, or was used already."
_CODE = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}


def use_code(user: User, code: str) -> None:
    """Use up a code. Raises ValidationError with a sentence, whose code is "too_many" after too many wrong ones."""
    try:
        second_factor.check(user, code)
    except second_factor.TooManyCodes as error:
        raise ValidationError(TOO_MANY, code="too_many") from error
    except second_factor.WrongCode as error:
        raise ValidationError(WRONG, code="wrong") from error


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={**_CODE, "autofocus": True, "inputmode": "text"}),
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        self._user = user

    def clean_code(self) -> str:
        """Use up the code."""
        code: str = self.cleaned_data["code"]
        use_code(self._user, code)
        return code


class PersonForm(forms.Form):
    """Makes sure that it is the person: by the password, or by a code where the account has none."""

    def __init__(self, request: HttpRequest, user: User, data: Any = None) -> None:
        super().__init__(data)
        self._request, self._user = request, user
        if user.has_usable_password():
            self.fields["password"] = forms.CharField(
                label="Your password",
                strip=False,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            )
        elif second_factor.is_on(user):
            self.fields["code"] = forms.CharField(
                label="A code of the app", max_length=40, widget=forms.TextInput(attrs=_CODE)
            )

    def clean(self) -> dict[str, Any]:
        """Check the password or the code; guesses are counted and limited as those of sign-in are."""
        cleaned = super().clean() or {}
        for name in self.fields:
            try:
                self._check(name, cleaned.get(name, ""))
            except ValidationError as error:
                self.add_error(name, error)
        return cleaned

    def _check(self, name: str, text: str) -> None:
        if not text:
            return
        if name == "password":
            check_password(self._request, self._user, text)
        elif name == "code":
            use_code(self._user, text)


class SetUpForm(PersonForm):
    """The first code of an app, which shows that it has the key."""

    first_code = forms.CharField(
        label="The code that the app shows", max_length=20, widget=forms.TextInput(attrs=_CODE)
    )
