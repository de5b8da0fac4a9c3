"""The form that begins a tuning."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django import forms

from jobs.services.errors import InvalidFields
from teams.whole_numbers import parse_whole_number
from transform.request_fields import FIELDS
from tuning.lifecycle.sampling import MOST_MB, MOST_OBJECTS
from tuning.services import BOUNDS, LONGEST_MINUTES, SETTINGS, STRATEGIES, SettingsGrid, TuningRequest


class NumberList(forms.CharField):
    """Whole numbers with commas, as a tuple; `low` and `high` are the least and the greatest."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(max_length=200, **options)
        self._low, self._high = low, high

    def clean(self, value: Any) -> tuple[int, ...]:
        """The numbers."""
        texts = [text for text in re.split(r"[,\s]+", str(super().clean(value))) if text]
        numbers = [parse_whole_number(text) for text in texts]
        if any(number is None or not self._low <= number <= self._high for number in numbers):
            raise forms.ValidationError(
                f"Give whole numbers from {self._low} to {self._high}, with commas, such as 1, 6, 20."
            )
        return tuple(number for number in numbers if number is not None)


def _bounds(name: str) -> tuple[int, int]:
    facts = FIELDS[name]
    return int(facts.low or 1), int(facts.high or 100)


class TuningForm(forms.Form):
    """The grid, and the bounds of the sample and of each job."""

    max_payload = NumberList(
        *_bounds("max_payload"), label="MaxPayloadInMB", initial="1, 6, 20", help_text="Values with commas."
    )
    max_concurrent_transforms = NumberList(
        *_bounds("max_concurrent_transforms"),
        label="MaxConcurrentTransforms",
        initial="1, 4",
        help_text="Values with commas. Their product with MaxPayloadInMB is at most 100.",
    )
    strategy = forms.MultipleChoiceField(
        choices=[(word, word) for word in STRATEGIES],
        label="BatchStrategy",
        initial=list(STRATEGIES),
        widget=forms.CheckboxSelectMultiple,
    )
    sample_mb = forms.IntegerField(
        label="Megabytes of the input",
        initial=10,
        min_value=1,
        max_value=MOST_MB,
        help_text=f"The first so many are copied, at most {MOST_MB}.",
    )
    most_objects = forms.IntegerField(
        label="Objects of the input", initial=20, min_value=1, max_value=MOST_OBJECTS, help_text="At most."
    )
    limit_minutes = forms.IntegerField(
        label="Minutes for each job",
        initial=30,
        min_value=1,
        max_value=LONGEST_MINUTES,
        help_text="A job that takes longer is stopped, and counts as failed.",
    )

    def bounds(self) -> dict[str, Any]:
        """The values of a valid form as those of a TuningRequest."""
        values = self.cleaned_data
        grid = SettingsGrid(**{name: tuple(values[name]) for name in SETTINGS})
        return {"grid": grid, **{name: values[name] for name in BOUNDS}}

    def version(self, request: TuningRequest) -> str:
        """A text that changes with what the form and its source ask for."""
        parts = [self.cleaned_data, request.connection.slug, request.spec]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]

    def take(self, error: InvalidFields) -> None:
        """Put the sentences of a refusal beside their fields, others above all."""
        for name, texts in error.fields.items():
            self.add_error(name if name in self.fields else None, [str(text) for text in texts])
