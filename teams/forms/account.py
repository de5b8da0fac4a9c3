"""The forms of a person's own account."""

# Django's forms are generic for the type checker only; at run time they take no arguments.
# mypy: disable-error-code="type-arg"
from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from teams.models import User
from teams.names import trouble_with_name


def check_password(request: HttpRequest, user: User, password: str) -> None:
    """Raises ValidationError for a wrong password; guesses are counted and limited as those of sign-in are."""
    person = authenticate(request, username=user.get_username(), password=password)
    if not isinstance(person, User) or person.pk != user.pk:
        raise ValidationError("This is not your password.", code="password_incorrect")
    # Django may have stored the same password by a newer hash just now.
    user.password = person.password


class OldPasswordForm(PasswordChangeForm):
    """Django's form, which checks the old password as sign-in does."""

    def __init__(self, request: HttpRequest, user: User, data: Any = None) -> None:
        super().__init__(user, data)
        self._request = request

    def clean_old_password(self) -> str:
        """The old password, if it is right."""
        password: str = self.cleaned_data["old_password"]
        check_password(self._request, self.user, password)
        return password


def password_form(request: HttpRequest, user: User, *, is_known: bool) -> SetPasswordForm:
    """The form for a new password; without the old one if the person `is_known` already, or has none."""
    data = request.POST if request.method == "POST" else None
    if is_known or not user.has_usable_password():
        return SetPasswordForm(user, data)
    return OldPasswordForm(request, user, data)


class ProfileForm(forms.Form):
    """Name and e-mail address. Another address needs the password, for a link that is mailed to it signs in."""

    name = forms.CharField(
        label="Name",
        max_length=150,
        required=False,
        help_text="As pages show it. Without one they show the user name.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        label="Your password",
        required=False,
        strip=False,
        help_text="Only to change the e-mail address.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, user: User, *, is_known: bool) -> None:
        data = request.POST if request.method == "POST" else None
        super().__init__(data, initial={"name": user.get_full_name(), "email": user.email})
        self._request, self._user = request, user
        self._asks = user.has_usable_password() and not is_known
        if not self._asks:
            del self.fields["password"]

    def clean_name(self) -> str:
        """The name; an empty one is none."""
        name: str = self.cleaned_data["name"]
        if name and (trouble := trouble_with_name(name, 150)):
            raise forms.ValidationError(trouble)
        return name

    @property
    def changes_address(self) -> bool:
        """Whether the address is another one."""
        return bool(self.cleaned_data.get("email", self._user.email) != self._user.email)

    def clean(self) -> dict[str, Any]:
        """Check the password where it is needed."""
        cleaned = super().clean() or {}
        if self.changes_address and self._asks:
            try:
                check_password(self._request, self._user, cleaned.get("password", ""))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
