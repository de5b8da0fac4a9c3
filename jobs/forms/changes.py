"""Read the text of one field of a request, as the new-job form does."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from jobs.forms.job_fields import job_fields
from jobs.services.errors import InvalidFields


def read_change(name: str, text: str) -> dict[str, Any]:
    """The field with the value of the text, None for an empty one; InvalidFields for a wrong value."""
    try:
        value = job_fields()[name].clean(text)
    except ValidationError as error:
        raise InvalidFields({name: [str(message) for message in error.messages]}) from error
    return {name: value or None if isinstance(value, str | dict) else value}
