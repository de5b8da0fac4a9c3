"""The fields of the new-job form: one for each of TransformSpec's, under the SDK's names, by section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms

from jobs.forms.fields import KeyValueField, WordsField, choices
from transform import rules
from transform.batching import SPLIT_TYPES

Fields = dict[str, forms.Field]

_STRATEGIES = {"MultiRecord": "as many records a call as fit", "SingleRecord": "one record a call"}
_SPLITS = {"None": "an object is one record", "Line": "a line is one record"}
_JOINS = {"None": "the answer alone is written", "Input": "each record with its answer"}
_KEY = "A key's id, alias or ARN. Empty: the account's own for S3."
_ASSEMBLE = {"None": "answers glued together", "Line": "a line each"}
_DATA_TYPES = [("S3Prefix", "S3Prefix: a prefix"), ("ManifestFile", "ManifestFile: a list of objects")]


def job_fields() -> Fields:
    """All fields, in the order of the page; `model` is added by the form."""
    fields = essential_fields()
    for section in SECTIONS:
        fields |= section.fields()
    return fields


def essential_fields() -> Fields:
    """What every job needs."""
    return {
        "name": _text(
            "Job name", "Empty: made from the model, the time and the job's key.", example="automatic"
        ),
        "data": _text(
            "Input", "Every object whose key starts with this is read.", example="s3://bucket/prefix/"
        ),
        "output_path": _text(
            "Output", "One .out object for each input object.", example="s3://bucket/output/"
        ),
        "data_type": forms.ChoiceField(
            label="Input is", choices=_DATA_TYPES, initial="S3Prefix", required=False
        ),
        "instance_type": _text("Instance type", example="ml.m5.large", options="instance-types"),
        "instance_count": forms.IntegerField(label="Instances", initial=1, required=False),
    }


def _record_fields() -> Fields:
    return {
        "content_type": _text(
            "Content type", "Sent with every call.", example="text/csv", options="content-types"
        ),
        "split_type": _choice("Split", SPLIT_TYPES, _SPLITS),
        "strategy": _choice("Batch strategy", rules.STRATEGIES, _STRATEGIES),
        "compression_type": _choice("Compression", rules.COMPRESSION_TYPES),
    }


def _output_fields() -> Fields:
    return {
        "accept": _text(
            "Accept", "What the model should answer with.", example="text/csv", options="content-types"
        ),
        "assemble_with": _choice("Assemble with", rules.ASSEMBLE_WITH, _ASSEMBLE),
        "output_kms_key": _text("Output KMS key", _KEY),
    }


def _join_fields() -> Fields:
    return {
        "input_filter": _text("Input filter", "What of a record the model sees.", example="$[1:]"),
        "output_filter": _text("Output filter", "What of the joined record is written.", example="$[0,-1]"),
        "join_source": _choice("Join with", rules.JOIN_SOURCES, _JOINS),
    }


def _limit_fields() -> Fields:
    return {
        "max_payload": _number("Largest call in MB", "0 to 100; times calls at once at most 100. Default 6."),
        "max_concurrent_transforms": _number(
            "Calls at once", "For each instance. Default: what the container says."
        ),
        "model_client_config.invocations_timeout_in_seconds": _number(
            "Seconds for a call", "1 to 3600. Default 600."
        ),
        "model_client_config.invocations_max_retries": _number("Retries of a call", "0 to 3. Default 3."),
    }


def _variable_fields() -> Fields:
    return {
        "env": _lines(
            "Environment",
            "One KEY=VALUE a line, over the model's own. A value in double quotes is JSON text.",
        ),
        "tags": _lines("Tags", "One KEY=VALUE a line."),
    }


def _further_fields() -> Fields:
    return {
        "volume_kms_key": _text(
            "Volume KMS key", "A key's id, alias or ARN. Instances with local storage take none."
        ),
        "transform_ami_version": _text("AMI version"),
        "data_capture_config.destination_s3_uri": _text("Data capture to", example="s3://bucket/capture/"),
        "data_capture_config.kms_key_id": _text("Data capture KMS key", _KEY),
        "data_capture_config.generate_inference_id": forms.NullBooleanField(
            label="Generate inference ids",
            required=False,
            widget=forms.Select(choices=[("", "Default"), ("true", "Yes"), ("false", "No")]),
        ),
        "experiment_config": _lines("Experiment", "ExperimentName=…, TrialName=…, one a line."),
    }


def _queue_fields() -> Fields:
    return {
        "priority": _number("Priority", "-10 to 10; higher ones start first. Default 0."),
        "fallback_instance_types": WordsField(
            label="Fallback instance types",
            help_text="Tried in this order when there is no instance to be had.",
            required=False,
            widget=forms.TextInput(
                attrs={"class": "mono", "placeholder": "ml.m5.xlarge, ml.c5.xlarge", "spellcheck": "false"}
            ),
        ),
        "max_retries": _number(
            "Submit again", "0 to 10 times, after a failure of capacity or of SageMaker's own. Default 0."
        ),
        "deadline_minutes": _number("Deadline in minutes", "Stopped so long after SageMaker accepted it."),
        "max_idle_minutes": _number(
            "Longest silence in minutes", "Stopped after so long without an output or a log line."
        ),
        "max_cost_usd": forms.DecimalField(
            label="Cost cap in US dollars",
            help_text="Stopped when its instances have cost so much.",
            required=False,
        ),
    }


@dataclass(frozen=True, slots=True)
class Section:
    """A fold of the form: its title, what it holds in a few words, its fields.

    `tried`: beside them stands what they make of the input's first records.
    """

    title: str
    summary: str
    fields: Callable[[], Fields]
    tried: bool = False


SECTIONS = (
    Section("Records and batching", "content type, splitting, records a call", _record_fields),
    Section("Output", "accept, assembling, encryption", _output_fields),
    Section("Join and filter", "JSONPaths, join with input", _join_fields, tried=True),
    Section("Limits and retries", "payload, concurrency, time for a call", _limit_fields),
    Section("Environment and tags", "variables for the container, tags on the job", _variable_fields),
    Section("More", "volume key, AMI, data capture, experiment", _further_fields),
    Section("Queue and guard rails", "priority, fallback types, retries, deadline, cost cap", _queue_fields),
)


def _text(label: str, hint: str = "", *, example: str = "", options: str = "") -> forms.Field:
    attrs = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}
    attrs |= {"placeholder": example} if example else {}
    attrs |= {"list": options} if options else {}
    return forms.CharField(label=label, help_text=hint, required=False, widget=forms.TextInput(attrs=attrs))


def _number(label: str, hint: str) -> forms.Field:
    return forms.IntegerField(label=label, help_text=hint, required=False)


def _choice(label: str, words: tuple[str, ...], labels: dict[str, str] | None = None) -> forms.Field:
    return forms.ChoiceField(label=label, choices=choices(words, labels), required=False)


def _lines(label: str, hint: str) -> forms.Field:
    return KeyValueField(label=label, help_text=hint, required=False)
