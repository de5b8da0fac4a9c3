"""Form fields that Django does not have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django import forms

from teams.whole_numbers import parse_whole_number


class KeyValueField(forms.CharField):
    """One KEY=VALUE a line, as a dict. Blank lines are ignored.

    A key or value in double quotes is a JSON text, which may hold line breaks, blanks at its ends, and an equals
    sign in a key.
    """

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    #: The form of a line, for the error about a wrong one.
    line = "KEY=VALUE"

    def to_python(self, value: Any) -> Any:
        """The dict. Raises ValidationError with the number of a wrong line."""
        pairs: dict[str, str] = {}
        # str.splitlines would also split at separators that a value may contain.
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
        """A dict as lines. Text that a person typed is not changed."""
        if isinstance(value, dict):
            return "\n".join(f"{_quoted(key, '=')}={_quoted(text)}" for key, text in value.items())
        return value


def _pair(line: str) -> tuple[str, str, str]:
    """Key, equals sign and value of a line."""
    text_of_line = line.strip()
    if text_of_line.startswith('"'):
        try:
            key, end = json.JSONDecoder().raw_decode(text_of_line)
        except (ValueError, RecursionError):
            pass
        else:
            if text_of_line[end:].lstrip().startswith("="):
                return key, "=", _unquoted(text_of_line[end:].lstrip()[1:].strip())
    key, equals, text = (part.strip() for part in line.partition("="))
    return key, equals, _unquoted(text)


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text) if text[:1] == text[-1:] == '"' else text
    except ValueError:
        return text
    return str(value)


def _quoted(text: object, marks: str = "") -> str:
    """The text, in quotes if a line could not hold it otherwise."""
    plain = str(text)
    if plain == plain.strip() and not plain.startswith('"') and not set(plain) & set("\r\n\0" + marks):
        return plain
    return json.dumps(plain, ensure_ascii=False)


class TypeLimitsField(KeyValueField):
    """One TYPE=NUMBER a line, as a dict of whole numbers."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"})
    line = "TYPE=NUMBER, such as ml.g5.xlarge=3"

    def to_python(self, value: Any) -> Any:
        """The dict. Raises ValidationError with the type whose value is not a number."""
        pairs = super().to_python(value)
        for name, text in pairs.items():
            if parse_whole_number(text, high=999_999_999) is None:
                raise forms.ValidationError(f"{name} must be given a whole number.")
        return {name: int(text) for name, text in pairs.items()}


class WordsField(forms.CharField):
    """Words separated by commas or spaces, as a list."""

    def to_python(self, value: Any) -> Any:
        """The list; empty for an empty text."""
        return str(value or "").replace(",", " ").split()

    def prepare_value(self, value: Any) -> Any:
        """A list as a person would type it. Text that a person typed is not changed."""
        return ", ".join(value) if isinstance(value, list) else value


class JSONTextField(forms.CharField):
    """JSON as a value. Wrong JSON is shown again as it was typed."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """The JSON's value; an empty text for no JSON. Raises ValidationError with the place of the mistake."""
        text = super().to_python(value)
        if not text:
            return text
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"{error.msg}, in line {error.lineno}, column {error.colno}"
            raise forms.ValidationError(f"This is not JSON: {problem}.") from error
        except ValueError as error:  # Python's limit of digits
            raise forms.ValidationError("A number in it has too many digits.") from error
        except RecursionError as error:
            raise forms.ValidationError("It is nested too deeply.") from error


def choices(words: Mapping[str, str], *, with_default: bool = True) -> list[tuple[str, str]]:
    """Options for SageMaker's words, each with its meaning, after the option "Default" for a value that is left out."""
    options = [(word, f"{word}: {meaning}" if meaning else word) for word, meaning in words.items()]
    return [("", "Default"), *options] if with_default else options
