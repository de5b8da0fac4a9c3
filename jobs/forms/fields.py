"""Form fields that Django does not have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms

from teams.whole_numbers import parse_whole_number


class KeyValueField(forms.CharField):
    """One KEY=VALUE a line, as a dict; blank lines are passed over.

    A key or value in double quotes is a JSON text, so that it may hold what a line cannot: line breaks, blanks at
    its ends, and an equals sign in a key.
    """

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    #: What a line is, as its error says.
    line = "KEY=VALUE"

    def to_python(self, value: Any) -> Any:
        """The dict, or ValidationError naming the line that is wrong."""
        pairs: dict[str, str] = {}
        # Not str.splitlines, which also cuts at separators that may stand in a value.
        for number, line in enumerate(re.split(r"\r\n|\r|\n", str(value or "")), start=1):
            if not line.strip():
                continue
            key, equals, text = _pair(line)
            if not equals or not key:
                raise forms.ValidationError(f"Line {number} must be {self.line}.")
            if "\0" in line or "\0" in key + text:
                raise forms.ValidationError(f"Line {number} holds a NUL character.")
            if key in pairs:
                raise forms.ValidationError(f"Line {number} gives {key} a second time.")
            pairs[key] = text
        return pairs

    def prepare_value(self, value: Any) -> Any:
        """A dict as lines; what a person typed stays as it was typed."""
        if isinstance(value, dict):
            return "\n".join(f"{_quoted(key, '=')}={_quoted(text)}" for key, text in value.items())
        return value


def _pair(line: str) -> tuple[str, str, str]:
    """Key, equals sign and value of a line."""
    rest = line.strip()
    if rest.startswith('"'):
        try:
            key, end = json.JSONDecoder().raw_decode(rest)
        except (ValueError, RecursionError):
            pass
        else:
            if rest[end:].lstrip().startswith("="):
                return key, "=", _unquoted(rest[end:].lstrip()[1:].strip())
    key, equals, text = (part.strip() for part in line.partition("="))
    return key, equals, _unquoted(text)


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text) if text[:1] == text[-1:] == '"' else text
    except ValueError:
        return text
    return str(value)


def _quoted(text: object, marks: str = "") -> str:
    """The text as it is if a line gives it back so, else in quotes."""
    plain = str(text)
    if plain == plain.strip() and not plain.startswith('"') and not set(plain) & set("\r\n\0" + marks):
        return plain
    return json.dumps(plain, ensure_ascii=False)


class TypeLimitsField(KeyValueField):
    """One TYPE=NUMBER a line, as a dict of whole numbers."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"})
    line = "TYPE=NUMBER, such as ml.g5.xlarge=3"

    def to_python(self, value: Any) -> Any:
        """The dict, or ValidationError naming what is no number."""
        pairs = super().to_python(value)
        for name, text in pairs.items():
            if parse_whole_number(text, high=999_999_999) is None:
                raise forms.ValidationError(f"{name} must be given a whole number.")
        return {name: int(text) for name, text in pairs.items()}


class WordsField(forms.CharField):
    """Words with commas or spaces between them, as a list in their order."""

    def to_python(self, value: Any) -> Any:
        """The list; empty for an empty text."""
        return str(value or "").replace(",", " ").split()

    def prepare_value(self, value: Any) -> Any:
        """A list as a person would type it; what was typed stays as it was."""
        return ", ".join(value) if isinstance(value, list) else value


class JSONTextField(forms.CharField):
    """JSON as a value. Where it has a mistake, the text stays as it was typed."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """What the JSON says, or ValidationError saying where it is wrong; empty stays an empty text."""
        text = super().to_python(value)
        if not text:
            return text
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            where = f"{error.msg}, in line {error.lineno}, column {error.colno}"
            raise forms.ValidationError(f"This is not JSON: {where}.") from error
        except ValueError as error:  # Python's limit of digits
            raise forms.ValidationError("A number in it has too many digits.") from error
        except RecursionError as error:
            raise forms.ValidationError("It is nested too deeply.") from error


def choices(words: Mapping[str, str], *, with_default: bool = True) -> list[tuple[str, str]]:
    """Options for SageMaker's words, each with what it does; before them "Default" for a value that is not given."""
    options = [(word, f"{word}: {meaning}" if meaning else word) for word, meaning in words.items()]
    return [("", "Default"), *options] if with_default else options
