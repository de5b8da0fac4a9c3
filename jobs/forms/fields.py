"""Form fields that Django does not have."""

from __future__ import annotations

from typing import Any

from django import forms


class KeyValueField(forms.CharField):
    """One KEY=VALUE a line, as a dict; blank lines are passed over."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        """The dict, or ValidationError naming the line that has no "="."""
        pairs: dict[str, str] = {}
        for number, line in enumerate(str(value or "").splitlines(), start=1):
            if not line.strip():
                continue
            key, equals, text = line.partition("=")
            if not equals or not key.strip():
                raise forms.ValidationError(f"Line {number} must be KEY=VALUE.")
            pairs[key.strip()] = text.strip()
        return pairs

    def prepare_value(self, value: Any) -> Any:
        """A dict as lines; what a person typed stays as it was typed."""
        if isinstance(value, dict):
            return "\n".join(f"{key}={text}" for key, text in value.items())
        return value


def choices(words: tuple[str, ...], labels: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Options for an optional enumeration: first "not given", then SageMaker's own words with what they mean."""
    named = labels or {}
    return [("", "Default"), *((word, f"{word}: {named[word]}" if word in named else word) for word in words)]
