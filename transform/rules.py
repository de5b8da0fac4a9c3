"""What a transform request must obey: each field's own bounds, and the rules that span fields.

Bounds come from the table of fields, rules from the service's documentation.
A check takes the request's fields as plain values and reports under the SDK's field names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from transform.dataprocessing import FORMATS, media_type
from transform.field_facts import Kind
from transform.jsonpath import BadPath, Names, parse, unexpected_character
from transform.keys import parse_s3_uri
from transform.request_fields import FIELDS, GROUPS, MAX_PAYLOAD_MB, REQUIRED_NAMES, RequestField, fields_of
from transform.rule_texts import REQUIRED, RuleText

Values = Mapping[str, Any]
Report = Callable[[str, str], None]

#: The types whose records filters, joins and inference ids can read.
_TYPES = ", ".join(FORMATS)
_EXPERIMENT_KEYS = ("ExperimentName", "TrialName", "TrialComponentDisplayName", "RunName")

_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}")
#: Characters of tags, beside those of the Unicode categories for letters, separators and numbers (service-2.json).
_TAG_SIGNS = frozenset("_.:/=+-@")


def check(values: Values) -> dict[str, list[str]]:
    """Check a request. Returns the broken rules as sentences by SDK field name; empty if the request may be sent."""
    errors: dict[str, list[str]] = {}

    def report(name: str, text: str) -> None:
        errors.setdefault(name, []).append(text)

    flat = _flatten(values, report)
    for name in REQUIRED_NAMES:
        if flat.get(name) in (None, ""):
            report(name, RuleText("This is required.", REQUIRED))
    _check_fields(flat, report)
    _check_env(values.get("env"), report)
    _check_tags(values.get("tags"), report)
    _check_experiment(values.get("experiment_config"), report)
    if not errors:
        _check_payload(flat, report)
        _check_filter("input_filter", "content_type", flat, report)
        _check_filter("output_filter", "accept", flat, report)
        _check_join(flat, report)
        _check_inference_id(flat, report)
    return errors


def _flatten(values: Values, report: Report) -> dict[str, Any]:
    """The fields by dotted names, those of groups included, without those that are None."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name not in GROUPS:
            flat[name] = value
        elif not isinstance(value, Mapping):
            report(name, "It must be an object with " + ", ".join(fields_of(name)) + ".")
        else:
            for inner, inner_value in value.items():
                if inner in fields_of(name):
                    flat[f"{name}.{inner}"] = inner_value
                else:
                    report(f"{name}.{inner}", "There is no such field.")
    return {name: value for name, value in flat.items() if value is not None}


def tag_problems(tags: Any) -> list[str]:
    """The rules that these tags of a job break, as sentences; `tags` should be texts by key."""
    problems: list[str] = []
    _check_tags(tags, lambda _, text: problems.append(text))
    return problems


def _check_fields(flat: dict[str, Any], report: Report) -> None:
    for name, value in flat.items():
        entry = FIELDS[name]
        if entry.kind is Kind.WHOLE:
            _check_range(entry, value, report)
        elif entry.kind is Kind.FLAG:
            if not isinstance(value, bool):
                report(name, "It must be true or false.")
        elif entry.kind in (Kind.TEXT, Kind.CHOICE):
            if not isinstance(value, str):
                report(name, "It must be text.")
            elif value or name not in REQUIRED_NAMES:
                _check_text(entry, value, report)


def _check_range(entry: RequestField, value: Any, report: Report) -> None:
    low, high = entry.low, entry.high
    bounds = f"from {low} to {high}" if high is not None else f"{low} or more"
    if not isinstance(value, int) or isinstance(value, bool):
        report(entry.name, f"It must be a whole number, {bounds}.")
    elif value < low or (high is not None and value > high):
        report(entry.name, f"It must be {bounds}.")


def _check_text(entry: RequestField, value: str, report: Report) -> None:
    if entry.choices and value not in entry.choices:
        report(entry.name, "It must be one of " + ", ".join(entry.choices) + ".")
    if entry.pattern and not re.fullmatch(entry.pattern, value):
        report(entry.name, f"It must be {entry.must_be}.")
    if entry.is_s3_uri and not _is_s3_uri(value):
        report(entry.name, "It must be an S3 URI such as s3://bucket/prefix/.")
    elif entry.longest and len(value) > entry.longest:
        report(entry.name, f"It must be {entry.longest} characters at most.")
    if entry.name in ("content_type", "accept") and not (value.isascii() and value.isprintable()):
        report(entry.name, "It must be one line of plain text, such as text/csv.")


def _is_s3_uri(text: str) -> bool:
    try:
        parse_s3_uri(text)
    except ValueError:
        return False
    return True


def _check_env(env: Any, report: Report) -> None:
    if not _is_text_map(env, "env", report):
        return
    most, longest = FIELDS["env"].most or 0, FIELDS["env"].longest or 0
    if len(env) > most:
        report("env", f"It may hold {most} variables at most.")
    for key, value in env.items():
        if not _ENV_NAME.fullmatch(key):
            report("env", f"{key!r} is no variable name: letters, digits and _, not starting with a digit.")
        if len(value) > longest:
            report("env", f"The value of {key} must be {longest} characters at most.")


def _check_tags(tags: Any, report: Report) -> None:
    if not _is_text_map(tags, "tags", report):
        return
    most, longest = FIELDS["tags"].most or 0, FIELDS["tags"].longest or 0
    if len(tags) > most:
        report("tags", f"There may be {most} tags at most.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > longest:
            report("tags", f"Tag {key!r}: a key has 1 to 128 characters, a value {longest} at most.")
        elif not all(_fits_tag(character) for character in key + value):
            report("tags", f"Tag {key!r}: letters, digits, spaces and _ . : / = + - @ only.")
        elif key.lower().startswith("aws:"):
            report("tags", f"Tag {key!r}: keys that start with aws: are AWS's own.")


def _fits_tag(character: str) -> bool:
    return character in _TAG_SIGNS or unicodedata.category(character)[0] in "LZN"


def _check_experiment(config: Any, report: Report) -> None:
    if not _is_text_map(config, "experiment_config", report):
        return
    shortest, longest = FIELDS["experiment_config"].shortest, FIELDS["experiment_config"].longest or 0
    for key, value in config.items():
        if key not in _EXPERIMENT_KEYS:
            report("experiment_config", f"{key!r} is not one of {', '.join(_EXPERIMENT_KEYS)}.")
        elif not shortest <= len(value) <= longest:
            report("experiment_config", f"{key} must have {shortest} to {longest} characters.")


def _is_text_map(value: Any, name: str, report: Report) -> bool:
    if value is None:
        return False
    if isinstance(value, Mapping) and all(
        isinstance(k, str) and isinstance(v, str) for k, v in value.items()
    ):
        return True
    report(name, "It must be an object of text keys and text values.")
    return False


def _check_payload(flat: dict[str, Any], report: Report) -> None:
    """MaxConcurrentTransforms x MaxPayloadInMB may not exceed 100 MB (CreateTransformJob documentation)."""
    concurrent, payload = flat.get("max_concurrent_transforms"), flat.get("max_payload")
    if concurrent and payload and concurrent * payload > MAX_PAYLOAD_MB:
        report(
            "max_payload",
            f"{concurrent} x {payload} MB is {concurrent * payload} MB in flight on an instance; SageMaker "
            f"allows {MAX_PAYLOAD_MB}. Set max_payload to {MAX_PAYLOAD_MB // concurrent} or less."
            if concurrent <= MAX_PAYLOAD_MB
            else f"{concurrent} x {payload} MB in flight on an instance is over {MAX_PAYLOAD_MB} MB; "
            "lower max_concurrent_transforms.",
        )


def _check_filter(name: str, type_name: str, flat: dict[str, Any], report: Report) -> None:
    """A filter reads one of three types, and a CSV row has columns but no names (developer guide)."""
    text = flat.get(name) or "$"
    if text == "$":
        return
    kind = media_type(flat.get(type_name))
    if kind not in FORMATS:
        report(type_name, f"For {name} it must be one of {_TYPES}.")
    elif problem := _problem_with_filter(text, kind):
        title = "InputFilter" if name == "input_filter" else "OutputFilter"
        report(name, f'Invalid {title}: "{text}". {problem}')


def _problem_with_filter(text: str, kind: str) -> str | None:
    if text.startswith("$") and (problem := unexpected_character(text, kind)):
        return problem
    try:
        steps = parse(text).steps
    except BadPath as error:
        return str(error)
    if kind == "text/csv" and (len(steps) > 1 or isinstance(steps[0], Names)):
        return "A CSV row has columns only: write it as $[0], $[0,2], $[1:] or $[-1]."
    return None


def _check_join(flat: dict[str, Any], report: Report) -> None:
    """The rules of a join ("Associate prediction results with input" in the developer guide)."""
    if flat.get("join_source") != "Input":
        return
    kind, of_answer = media_type(flat.get("content_type")), media_type(flat.get("accept"))
    if kind not in FORMATS:
        report("content_type", f"To join with the input it must be one of {_TYPES}.")
    if of_answer not in FORMATS:
        report("accept", f"To join with the input it must be one of {_TYPES}.")
    elif kind in FORMATS and kind != of_answer:
        report("accept", "To join with the input it must equal content_type.")
    if kind == "text/csv":
        for name in ("split_type", "assemble_with"):
            if flat.get(name) != "Line":
                report(name, "To join CSV rows with the input it must be Line.")
    elif (flat.get("split_type") or "None") != (flat.get("assemble_with") or "None"):
        report("assemble_with", "To join with the input it must equal split_type.")


def _check_inference_id(flat: dict[str, Any], report: Report) -> None:
    """Inference ids can be added to outputs of three types ("Capture data from batch transform job")."""
    if (
        flat.get("data_capture_config.generate_inference_id")
        and media_type(flat.get("accept")) not in FORMATS
    ):
        report("accept", f"For generate_inference_id it must be one of {_TYPES}.")
