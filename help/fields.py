"""Links from form fields to their explanation: each is declared with its field, or with its form's class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms

_Field = TypeVar("_Field", bound=forms.Field)
_Form = TypeVar("_Form", bound=forms.Form)


def explained(link: str, field: _Field) -> _Field:
    """The field with a link to a heading of a document, such as `schedules#times`; its label shows it."""
    field.help_link = link  # type: ignore[attr-defined]
    return field


def explained_fields(link: str = "", **links: str) -> Callable[[type[_Form]], type[_Form]]:
    """Decorator for a form: `links` by the names of fields, and `link` for its fields that have none."""

    def decorate(form_class: type[_Form]) -> type[_Form]:
        for name, field in form_class.base_fields.items():
            if chosen := links.get(name, "" if hasattr(field, "help_link") else link):
                explained(chosen, field)
        return form_class

    return decorate
