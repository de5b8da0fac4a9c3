"""What a transform request must obey: each field's own bounds, and the rules that span fields.

Bounds come from the service's model (botocore's CreateTransformJobRequest), rules from its documentation.
A check takes the request's fields as plain values and reports under the SDK's field names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from transform.batching import SPLIT_TYPES
from transform.dataprocessing import FORMATS, media_type
from transform.jsonpath import BadPath, Names, parse, unexpected_character
from transform.keys import parse_s3_uri
from transform.rule_texts import REQUIRED, RuleText

Values = Mapping[str, Any]
Report = Callable[[str, str], None]

DATA_TYPES = ("S3Prefix", "ManifestFile")
STRATEGIES = ("MultiRecord", "SingleRecord")
COMPRESSION_TYPES = ("None", "Gzip")
ASSEMBLE_WITH = ("None", "Line")
JOIN_SOURCES = ("None", "Input")

#: The largest body in MB, and the largest product of concurrency and body, that the service takes.
MAX_PAYLOAD_MB = 100
MAX_INSTANCES = 100

_CHOICES = {
    "data_type": DATA_TYPES,
    "split_type": SPLIT_TYPES,
    "strategy": STRATEGIES,
    "compression_type": COMPRESSION_TYPES,
    "assemble_with": ASSEMBLE_WITH,
    "join_source": JOIN_SOURCES,
}

#: What a text must match as a whole, and in words.
PATTERNS = {
    "name": (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "letters, digits and hyphens between them, 63 at most"),
    "model_name": (
        r"[a-zA-Z0-9]([\-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?",
        "letters, digits and hyphens between them, 63 at most",
    ),
    "instance_type": (r"ml\.[a-z0-9-]+\.[a-z0-9]+|local(_gpu)?", "an instance type such as ml.m5.xlarge"),
    "output_kms_key": (r"[a-zA-Z0-9:/_-]{0,2048}", "a KMS key id, alias or ARN"),
    "volume_kms_key": (r"[a-zA-Z0-9:/_-]{0,2048}", "a KMS key id, alias or ARN"),
    "data_capture_config.kms_key_id": (r"[a-zA-Z0-9:/_-]{0,2048}", "a KMS key id, alias or ARN"),
    "transform_ami_version": (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "an AMI version's name"),
}

_RANGES = {
    "instance_count": (1, MAX_INSTANCES),
    "max_concurrent_transforms": (0, None),
    "max_payload": (0, MAX_PAYLOAD_MB),
    "model_client_config.invocations_timeout_in_seconds": (1, 3600),
    "model_client_config.invocations_max_retries": (0, 3),
}

#: The most characters of a text.
LENGTHS = {"content_type": 256, "accept": 256, "input_filter": 63, "output_filter": 63}
_URIS = ("data", "output_path", "data_capture_config.destination_s3_uri")
_REQUIRED = ("model_name", "data", "output_path", "instance_type")

_GROUPS = {
    "model_client_config": ("invocations_timeout_in_seconds", "invocations_max_retries"),
    "data_capture_config": ("destination_s3_uri", "kms_key_id", "generate_inference_id"),
}
#: The types whose records filters, joins and inference ids can read.
_TYPES = ", ".join(FORMATS)
_EXPERIMENT_KEYS = ("ExperimentName", "TrialName", "TrialComponentDisplayName", "RunName")

_ENV_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}")
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")


def check(values: Values) -> dict[str, list[str]]:
    """Every rule the request breaks: SDK field name -> sentences. Empty when it may be sent."""
    errors: dict[str, list[str]] = {}

    def report(name: str, text: str) -> None:
        errors.setdefault(name, []).append(text)

    flat = _flatten(values, report)
    for name in _REQUIRED:
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
    """Bring nested fields up under dotted names; leave out what was not given."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name not in _GROUPS:
            flat[name] = value
        elif not isinstance(value, Mapping):
            report(name, "It must be an object with " + ", ".join(_GROUPS[name]) + ".")
        else:
            for inner, inner_value in value.items():
                if inner in _GROUPS[name]:
                    flat[f"{name}.{inner}"] = inner_value
                else:
                    report(f"{name}.{inner}", "There is no such field.")
    return {name: value for name, value in flat.items() if value is not None}


def _check_fields(flat: dict[str, Any], report: Report) -> None:
    for name, value in flat.items():
        if name in _RANGES:
            _check_range(name, value, report)
        elif name in ("env", "tags", "experiment_config"):
            continue
        elif name.endswith("generate_inference_id"):
            if not isinstance(value, bool):
                report(name, "It must be true or false.")
        elif not isinstance(value, str):
            report(name, "It must be text.")
        elif value or name not in _REQUIRED:
            _check_text(name, value, report)


def _check_range(name: str, value: Any, report: Report) -> None:
    low, high = _RANGES[name]
    bounds = f"from {low} to {high}" if high is not None else f"{low} or more"
    if not isinstance(value, int) or isinstance(value, bool):
        report(name, f"It must be a whole number, {bounds}.")
    elif value < low or (high is not None and value > high):
        report(name, f"It must be {bounds}.")


def _check_text(name: str, value: str, report: Report) -> None:
    if name in _CHOICES and value not in _CHOICES[name]:
        report(name, "It must be one of " + ", ".join(_CHOICES[name]) + ".")
    if name in PATTERNS:
        pattern, meaning = PATTERNS[name]
        if not re.fullmatch(pattern, value):
            report(name, f"It must be {meaning}.")
    if name in LENGTHS and len(value) > LENGTHS[name]:
        report(name, f"It must be {LENGTHS[name]} characters at most.")
    if name in ("content_type", "accept") and not (value.isascii() and value.isprintable()):
        report(name, "It must be one line of plain text, such as text/csv.")
    if name in _URIS:
        _check_uri(name, value, report)


def _check_uri(name: str, value: str, report: Report) -> None:
    try:
        parse_s3_uri(value)
    except ValueError:
        report(name, "It must be an S3 URI such as s3://bucket/prefix/.")
    else:
        if len(value) > 1024:
            report(name, "It must be 1024 characters at most.")


def _check_env(env: Any, report: Report) -> None:
    if not _is_text_map(env, "env", report):
        return
    if len(env) > 16:
        report("env", "It may hold 16 variables at most.")
    for key, value in env.items():
        if not _ENV_NAME.fullmatch(key):
            report("env", f"{key!r} is no variable name: letters, digits and _, not starting with a digit.")
        if len(value) > 10240:
            report("env", f"The value of {key} must be 10240 characters at most.")


def _check_tags(tags: Any, report: Report) -> None:
    if not _is_text_map(tags, "tags", report):
        return
    if len(tags) > 50:
        report("tags", "There may be 50 tags at most.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            report("tags", f"Tag {key!r}: a key has 1 to 128 characters, a value 256 at most.")
        elif not (_TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(value)):
            report("tags", f"Tag {key!r}: letters, digits, spaces and _ . : / = + - @ only.")
        elif key.lower().startswith("aws:"):
            report("tags", f"Tag {key!r}: keys that start with aws: are AWS's own.")


def _check_experiment(config: Any, report: Report) -> None:
    if not _is_text_map(config, "experiment_config", report):
        return
    for key, value in config.items():
        if key not in _EXPERIMENT_KEYS:
            report("experiment_config", f"{key!r} is not one of {', '.join(_EXPERIMENT_KEYS)}.")
        elif not 1 <= len(value) <= 120:
            report("experiment_config", f"{key} must have 1 to 120 characters.")


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
    """What "Associate prediction results with input" in the developer guide asks of a join."""
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
