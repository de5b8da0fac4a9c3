"""Request bodies: their fields for the schema, and reading them. The services check what the serializers do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from jobs.api.body_fields import CheckedLater, JsonFlag, JsonText, KeyList, ServiceText, one_sentence
from jobs.api.field_errors import sentences
from jobs.api.serializer_fields import option_body_fields, request_body_fields
from jobs.services.connections.connections import MOST_RUNNING
from jobs.services.errors import InvalidFields
from jobs.services.listing.bulk_actions import ACTIONS, MOST, TOO_MANY_IDS
from jobs.services.listing.saved_views import NAME_LENGTH
from jobs.services.texts import trouble_with
from transform.request_fields import FIELDS


class BodyParser(JSONParser):
    """DRF's JSON parser, which also answers a body that is nested too deeply with 400."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The body's value; ParseError for what is no JSON."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


_REPLACE = "Whether it may replace objects at its output path; without it that is refused with 409."


class ReplaceBody(serializers.Serializer[Any]):
    """Whether outputs that are there may be replaced."""

    replace_outputs = JsonFlag(default=False, help_text=_REPLACE)


class JobBody(ReplaceBody):
    """A transform job in the SageMaker SDK's field names, or `connection` with `request`."""

    preset = serializers.CharField(
        required=False, help_text="A preset's slug; what is given beside it goes first."
    )
    connection = serializers.CharField(required=False, help_text="A connection's slug; a preset may have it.")
    request = serializers.DictField(
        required=False, help_text="CreateTransformJob JSON, instead of the request's fields."
    )

    def get_fields(self) -> dict[str, Any]:
        """The fields above, the request's and our own options; null leaves most of them out."""
        fields = {**super().get_fields(), **request_body_fields(), **option_body_fields()}
        for name, field in fields.items():
            field.allow_null = name not in ("request", "replace_outputs")
        return fields


class FinishBody(ReplaceBody):
    """The name of the next attempt, and whether it may replace objects from before the job ran."""

    name = ServiceText(required=False, help_text="Made from the job's name if left out.")


class RetryBody(FinishBody):
    """The name and the output path of the next run. With another output path it is a job of its own."""

    output_path = ServiceText(required=False, help_text="s3:// address, instead of the job's.")


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

    action = serializers.ChoiceField(
        choices=ACTIONS, error_messages=one_sentence(f"It must be one of {', '.join(ACTIONS)}.")
    )
    ids = KeyList(
        required=False,
        max_length=MOST,
        error_messages={**one_sentence("It must be a list of job ids."), "max_length": TOO_MANY_IDS},
    )
    filter = serializers.DictField(
        child=CheckedLater(),
        required=False,
        help_text="The filters of the list, by name.",
        error_messages=one_sentence("It must be an object with the filters of the list, such as {}."),
    )
    stop_others = JsonFlag(
        default=False,
        help_text="Of stop with a filter: stop jobs of other people too; without it that is refused with 409.",
    )
    replace_outputs = JsonFlag(
        default=False,
        help_text="Of retry: run jobs again that replace objects too; without it they are passed over.",
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values; one of `ids` and `filter` must be there."""
        if ("ids" in values) == ("filter" in values):
            raise serializers.ValidationError({"ids": ["Give either ids or filter."]})
        return values


class DefaultBody(serializers.Serializer[Any]):
    """Whether a preset may take the place of another default."""

    replace_default = JsonFlag(
        default=False, help_text="Take the place of the model's default, if it has one."
    )


class ModelBody(serializers.Serializer[Any]):
    """A model: one container by `image`, `model_data` and `env`, or a pipeline by `containers`."""

    name = serializers.RegexField(f"^({FIELDS['model_name'].pattern})$")
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

    name = JsonText(
        max_length=NAME_LENGTH,
        error_messages=one_sentence(f"It must be a text of 1 to {NAME_LENGTH} characters."),
    )
    state = serializers.DictField(
        child=CheckedLater(),
        required=False,
        help_text="Filters, sort, cols and group, as in addresses.",
        error_messages=one_sentence("It must be an object of filters, sort, cols and group."),
    )
    shared = JsonFlag(default=False, help_text="Show it to the whole team; that needs the role operator.")


def fields_of(data: object) -> dict[str, Any]:
    """The body as an object; ParseError for any other JSON."""
    if not isinstance(data, Mapping):
        raise ParseError("The body must be a JSON object.")
    trouble = trouble_with(data)
    if trouble:
        raise ParseError(f"The body {trouble}")
    return dict(data)


def read_body(kind: type[serializers.Serializer[Any]], data: object) -> dict[str, Any]:
    """The values of a body, checked by its serializer; InvalidFields for a field that is unknown or wrong."""
    fields, body = fields_of(data), kind(data=data)
    problems = _unknown_fields(fields, body)
    if not body.is_valid():
        problems |= sentences(body.errors)
    if problems:
        raise InvalidFields(problems)
    return dict(body.validated_data)


def read_texts(kind: type[serializers.Serializer[Any]], data: object) -> dict[str, Any]:
    """The fields of a body as they were sent, whose values the service checks.

    Raises InvalidFields for a field that is unknown, and for another value in place of a text.
    """
    fields, body = fields_of(data), kind()
    problems = _unknown_fields(fields, body)
    problems |= {
        name: ["It must be a text."]
        for name, field in body.fields.items()
        if isinstance(field, serializers.CharField) and not isinstance(fields.get(name, ""), str)
    }
    if problems:
        raise InvalidFields(problems)
    return fields


def _unknown_fields(fields: Mapping[str, Any], body: serializers.Serializer[Any]) -> dict[str, list[str]]:
    sentence = f"It is not a field here; there are {', '.join(body.fields)}."
    return {name[:60]: [sentence] for name in fields if name not in body.fields}


def take_replace_outputs(fields: dict[str, Any]) -> bool:
    """Take `replace_outputs` out of a submission's body; false if it is not there. Raises InvalidFields."""
    sent = {name: fields.pop(name) for name in ("replace_outputs",) if name in fields}
    return bool(read_body(ReplaceBody, sent)["replace_outputs"])
