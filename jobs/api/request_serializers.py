"""Request bodies, described for the schema; the services check what is in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from jobs.services.connections.connections import MOST_RUNNING
from jobs.services.errors import InvalidFields
from jobs.services.listing.bulk_actions import ACTIONS, MOST
from jobs.services.submitting import job_options
from jobs.services.texts import trouble_with
from transform import rules


class BodyParser(JSONParser):
    """DRF's parser of JSON, for which nesting without end is a mistake of the client too."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The body's value; ParseError for what is no JSON."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


class ModelClientConfig(serializers.Serializer[Any]):
    """How long and how often SageMaker asks the model; SageMaker's default holds for what is left out."""

    invocations_timeout_in_seconds = serializers.IntegerField(required=False, min_value=1, max_value=3600)
    invocations_max_retries = serializers.IntegerField(required=False, min_value=0, max_value=3)


class DataCaptureConfig(serializers.Serializer[Any]):
    """Where SageMaker keeps a copy of what goes in and comes out."""

    destination_s3_uri = serializers.CharField(help_text="s3:// address.")
    kms_key_id = serializers.CharField(required=False)
    generate_inference_id = serializers.BooleanField(required=False)


_REPLACE = "Whether it may replace objects at its output path; without it that is refused with 409."


def _text(name: str, **more: Any) -> serializers.CharField:
    """A text of a request as `transform.rules` has it."""
    longest = rules.LENGTHS.get(name)
    if name not in rules.PATTERNS:
        return serializers.CharField(required=False, allow_blank=True, max_length=longest, **more)
    pattern, _ = rules.PATTERNS[name]
    return serializers.RegexField(f"^({pattern})$", required=False, **more)


class JobBody(serializers.Serializer[Any]):
    """A transform job in the SageMaker SDK's field names, or `connection` with `request`."""

    preset = serializers.CharField(
        required=False, help_text="A preset's slug; what is given beside it goes first."
    )
    connection = serializers.CharField(required=False, help_text="A connection's slug; a preset may have it.")
    model = _text("model_name", help_text="The model's name in SageMaker.")
    name = _text("name", help_text="Made from the model's name if left out.")
    data = serializers.CharField(  # type: ignore[assignment]  # DRF keeps declared fields apart from `.data`
        required=False, help_text="s3:// address of the input."
    )
    data_type = serializers.ChoiceField(choices=["S3Prefix", "ManifestFile"], required=False)
    content_type = _text("content_type")
    split_type = serializers.ChoiceField(choices=["None", "Line", "RecordIO", "TFRecord"], required=False)
    compression_type = serializers.ChoiceField(choices=["None", "Gzip"], required=False)
    strategy = serializers.ChoiceField(choices=["MultiRecord", "SingleRecord"], required=False)
    assemble_with = serializers.ChoiceField(choices=["None", "Line"], required=False)
    accept = _text("accept")
    output_path = serializers.CharField(required=False, help_text="s3:// address for the outputs.")
    instance_type = _text("instance_type")
    instance_count = serializers.IntegerField(required=False, min_value=1, max_value=rules.MAX_INSTANCES)
    max_concurrent_transforms = serializers.IntegerField(required=False, min_value=0)
    max_payload = serializers.IntegerField(
        required=False, min_value=0, max_value=rules.MAX_PAYLOAD_MB, help_text="MiB"
    )
    env = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=10240), required=False
    )
    input_filter = _text("input_filter")
    output_filter = _text("output_filter")
    join_source = serializers.ChoiceField(choices=["None", "Input"], required=False)
    model_client_config = ModelClientConfig(required=False)
    tags = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=256), required=False
    )
    output_kms_key = _text("output_kms_key")
    volume_kms_key = _text("volume_kms_key")
    transform_ami_version = _text("transform_ami_version")
    data_capture_config = DataCaptureConfig(required=False)
    experiment_config = serializers.DictField(child=serializers.CharField(max_length=120), required=False)
    priority = serializers.IntegerField(
        required=False, min_value=-10, max_value=10, help_text="Higher ones start first; beside request too."
    )
    fallback_instance_types = serializers.ListField(
        child=serializers.RegexField(f"^{job_options.INSTANCE_TYPE.pattern}$"),
        required=False,
        max_length=job_options.MOST_FALLBACKS,
        help_text="Tried in this order when there is no instance; beside request too.",
    )
    max_retries = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10,
        help_text="How often it is submitted again after a failure of capacity or of SageMaker's own.",
    )
    deadline_minutes = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=job_options.MINUTES[-1],
        help_text="It is stopped so long after SageMaker accepted it.",
    )
    max_idle_minutes = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=job_options.MINUTES[-1],
        help_text="It is stopped after so long without output or log line.",
    )
    max_cost_usd = serializers.FloatField(
        required=False,
        min_value=float(job_options.LEAST_USD),
        max_value=job_options.MOST_USD,
        help_text="It is stopped when its instances have cost so many US dollars.",
    )
    request = serializers.DictField(
        required=False, help_text="CreateTransformJob JSON, instead of the above."
    )
    replace_outputs = serializers.BooleanField(default=False, help_text=_REPLACE)

    def get_fields(self) -> dict[str, Any]:
        """Its fields, each of which null leaves out, but for those that it cannot stand for."""
        known = super().get_fields()
        for name, field in known.items():
            field.allow_null = name not in ("request", "replace_outputs")
        return known


class FinishBody(serializers.Serializer[Any]):
    """What the next attempt is called, and whether it may replace objects that were there before the job ran."""

    name = serializers.CharField(required=False, help_text="Made from the job's name if left out.")
    replace_outputs = serializers.BooleanField(default=False, help_text=_REPLACE)


class RetryBody(FinishBody):
    """What the next run is called, and where it writes; with another output path it is a job of its own."""

    output_path = serializers.CharField(required=False, help_text="s3:// address, instead of the job's.")


class PresetBody(serializers.Serializer[Any]):
    """A preset: `body` as a submission's, finished or not, and `rules` by field."""

    name = serializers.CharField(max_length=80)
    description = serializers.CharField(required=False, allow_blank=True, max_length=400)
    body = serializers.DictField(help_text="The fields of a job, under the SDK's names.")
    rules = serializers.DictField(
        child=serializers.ChoiceField(choices=["exposed", "locked", "hidden"]), required=False
    )


class ManyBody(serializers.Serializer[Any]):
    """An action for many jobs: those in `ids`, or those that `filter` finds."""

    action = serializers.ChoiceField(choices=ACTIONS)
    ids = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST)
    filter = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="The filters of the list, by name."
    )
    replace_outputs = serializers.BooleanField(
        default=False,
        help_text="Of retry: run jobs again that replace objects too; without it they are passed over.",
    )


class ModelBody(serializers.Serializer[Any]):
    """A model: one container by `image`, `model_data` and `env`, or a pipeline by `containers`."""

    name = serializers.RegexField(f"^({rules.PATTERNS['model_name'][0]})$")
    connection = serializers.CharField()
    image = serializers.CharField(required=False, max_length=255)
    model_data = serializers.CharField(required=False, allow_blank=True)
    env = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    execution_role_arn = serializers.CharField(required=False, allow_blank=True)
    containers = serializers.ListField(child=serializers.DictField(), required=False)
    description = serializers.CharField(required=False, allow_blank=True)


_PLACES = "Folders in S3 that may be read and written, such as s3://bucket/folder/; empty for all."
_MODELS = "Names of models that may be used, `churn-*` for all that begin so; empty for all."
_QUEUE = "An SQS queue that an EventBridge rule fills with changes of transform jobs; empty for none."


class ConnectionBody(serializers.Serializer[Any]):
    """An AWS connection."""

    name = serializers.CharField(max_length=80)
    slug = serializers.CharField(required=False)
    region = serializers.CharField()
    role_arn = serializers.CharField(required=False, allow_blank=True)
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=1224)
    import_external = serializers.BooleanField(
        required=False, help_text="Whether jobs made outside Batchdeck are shown too; true if left out."
    )
    queue_url = serializers.CharField(required=False, allow_blank=True, help_text=_QUEUE)
    max_running = serializers.IntegerField(required=False, min_value=1, max_value=MOST_RUNNING)
    max_instances = serializers.IntegerField(required=False, min_value=1, max_value=MOST_RUNNING)
    max_instances_per_type = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_RUNNING), required=False
    )
    allowed_places = serializers.ListField(child=serializers.CharField(), required=False, help_text=_PLACES)
    allowed_models = serializers.ListField(child=serializers.CharField(), required=False, help_text=_MODELS)


class ConnectionChanges(serializers.Serializer[Any]):
    """What of a connection is to be changed; what is left out stays, null takes a limit away."""

    name = serializers.CharField(required=False, max_length=80)
    import_external = serializers.BooleanField(
        required=False, help_text="Whether jobs made outside Batchdeck are shown too."
    )
    queue_url = serializers.CharField(required=False, allow_blank=True, help_text=_QUEUE)
    max_running = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_RUNNING
    )
    max_instances = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_RUNNING
    )
    max_instances_per_type = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_RUNNING), required=False
    )
    allowed_places = serializers.ListField(child=serializers.CharField(), required=False, help_text=_PLACES)
    allowed_models = serializers.ListField(child=serializers.CharField(), required=False, help_text=_MODELS)


class ViewBody(serializers.Serializer[Any]):
    """A state of the list of jobs, to be kept under a name."""

    name = serializers.CharField(max_length=60)
    state = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="Filters, sort, cols and group, as in addresses.",
    )
    shared = serializers.BooleanField(
        default=False, help_text="Show it to the whole team; that needs the role operator."
    )


def fields_of(data: object) -> dict[str, Any]:
    """The body as an object; ParseError for any other JSON."""
    if not isinstance(data, Mapping):
        raise ParseError("The body must be a JSON object.")
    trouble = trouble_with(data)
    if trouble:
        raise ParseError(f"The body {trouble}")
    return dict(data)


def take_flag(fields: dict[str, Any], name: str) -> bool:
    """Take `name` out of the fields; false if it is not there. InvalidFields if it is neither true nor false."""
    value = fields.pop(name, False)
    if not isinstance(value, bool):
        raise InvalidFields({name: ["It must be true or false."]})
    return value


def check_texts(fields: Mapping[str, Any], texts: Collection[str], others: Collection[str] = ()) -> None:
    """Raise InvalidFields for names that are neither, and for a text that is of another kind."""
    known = sorted({*texts, *others})
    problems = {
        name: [f"It is not a field here; there are {', '.join(known)}."]
        for name in fields
        if name not in known
    }
    problems |= {
        name: ["It must be a text."] for name in texts if name in fields and not isinstance(fields[name], str)
    }
    if problems:
        raise InvalidFields(problems)
