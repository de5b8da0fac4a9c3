"""The body of a submission, from a file and options."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from batchdeck.job_field import JobField
from batchdeck.job_fields import FIELDS

#: Members that only CreateTransformJob's own JSON has.
_OF_REQUESTS = {"ModelName", "TransformInput", "TransformOutput", "TransformResources"}


def read_mapping(file: str) -> dict[str, Any]:
    """The object in a JSON or YAML file, or of standard input for `-`. Raises UsageError."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}.") from error
    try:
        # Every JSON document is read as JSON, which is quicker and has fewer surprises.
        value = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise click.UsageError(
            f"{file} is neither JSON nor YAML: {' '.join(str(error).split())[:200]}."
        ) from error
    if not isinstance(value, dict):
        raise click.UsageError(f"{file} must hold an object.")
    return {str(name): inner for name, inner in value.items()}


def field_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with an option for each field of a job."""
    for field in reversed(FIELDS):
        function = click.option(
            field.option,
            field.parameter,
            type=_type(field),
            multiple=field.kind in ("words", "texts"),
            metavar="KEY=VALUE" if field.kind == "texts" else None,
            help=field.help,
        )(function)
    return function


def body_of(file: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a submission: the file's, with the options in place of its fields. Raises UsageError."""
    body = read_mapping(file) if file else {}
    if _OF_REQUESTS & set(body):
        body = {"request": body}
    values = {
        field: options[field.parameter] for field in FIELDS if options[field.parameter] not in (None, ())
    }
    if "request" in body and (wrong := [field.option for field in values if not field.is_own]):
        raise click.UsageError(f"{', '.join(wrong)} cannot be given beside a CreateTransformJob request.")
    for field, value in values.items():
        _set(body, field.name.split("."), _value(field, value))
    return body


def _set(body: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        inner = body.get(name)
        group = dict(inner) if isinstance(inner, Mapping) else {}
        body[name] = group
        body = group
    body[names[-1]] = value


def _value(field: JobField, value: Any) -> Any:
    if field.kind == "words":
        return list(value)
    if field.kind != "texts":
        return value
    pairs = [text.partition("=") for text in value]
    if wrong := [key for key, sign, _ in pairs if not (key and sign)]:
        raise click.UsageError(f"{field.option} must be KEY=VALUE, not {wrong[0]!r}.")
    return {key: text for key, _, text in pairs}


def _type(field: JobField) -> Any:
    if field.choices:
        return click.Choice(field.choices)
    return {"int": int, "float": float, "bool": bool}.get(field.kind, str)
