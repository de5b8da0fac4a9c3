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
from jobs.models.conversion import TextFormat
from jobs.models.job_values import MAX_TAGS
from jobs.models.monthly_budget import PastBudget
from jobs.services.connections.connections import MOST_RUNNING
from jobs.services.errors import InvalidFields
from jobs.services.listing.budgets import MOST_USD
from jobs.services.listing.bulk_actions import ACTIONS, MOST, TOO_MANY_IDS
from jobs.services.listing.saved_views import NAME_LENGTH
from jobs.services.submitting import bulk, trials
from jobs.services.texts import NO_UTF8, has_utf8, trouble_with
from teams.models import Role
from teams.token_lifetimes import MOST_DAYS
from teams.whole_numbers import LARGEST_ID
from transform.request_fields import FIELDS


class BodyParser(JSONParser):
    """DRF's JSON parser, which also answers with 400 what is nested too deeply or has a text without UTF-8."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The body's value; ParseError for what is no JSON, or could not be named in an answer."""
        try:
            body = super().parse(*args, **kwargs)
            is_text = has_utf8(body)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        if not is_text:
            raise ParseError(f"The body {NO_UTF8}")
        return body


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


class TrialBody(JobBody):
    """The body of a submission, and how many of its first records are tried."""

    records = serializers.IntegerField(
        default=trials.DEFAULT,
        min_value=1,
        max_value=trials.MOST,
        help_text="Records to try; objects for an input that is not split.",
    )


class BulkBody(serializers.Serializer[Any]):
    """Jobs to submit, each with the body of a submission of its own."""

    jobs = serializers.ListField(child=JobBody(), min_length=1, max_length=bulk.MOST)


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
    set = serializers.DictField(
        required=False,
        help_text="Of clone: fields of the request and their new values; null leaves a field out.",
        error_messages=one_sentence(
            'It must be an object with fields of the request, such as {"max_payload": 20}.'
        ),
    )
    set_tags = serializers.DictField(
        child=CheckedLater(),
        required=False,
        help_text="Of tag: tags to set, as values by key.",
        error_messages=one_sentence('It must be an object with texts, such as {"team": "growth"}.'),
    )
    remove_tags = KeyList(
        required=False,
        max_length=MAX_TAGS,
        help_text="Of tag: keys of tags to remove.",
        error_messages=one_sentence(f"It must be a list of at most {MAX_TAGS} keys of tags."),
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
_VIEWERS = "Whether the team's viewers may list and download what it reaches."
_DELETES = (
    "AWS only: whether operators may delete objects through Batchdeck; false if left out. Engines allow it."
)
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
    allow_deletes = serializers.BooleanField(required=False, help_text=_DELETES)
    viewers_read_data = serializers.BooleanField(required=False, help_text=_VIEWERS)
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
    allow_deletes = serializers.BooleanField(required=False, help_text=_DELETES)
    viewers_read_data = serializers.BooleanField(required=False, help_text=_VIEWERS)
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


class UploadBody(serializers.Serializer[Any]):
    """A file to upload in parts; its address, size in bytes and time recognise it when it is begun again."""

    path = ServiceText(help_text="The s3:// address of the object that it becomes.")
    size = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        error_messages=one_sentence("It must be the file's bytes, 1 or more; an empty file is put whole."),
    )
    modified = serializers.IntegerField(
        min_value=0, max_value=LARGEST_ID, default=0, help_text="The file's time in milliseconds since 1970."
    )
    replace = JsonFlag(
        default=False, help_text="Whether it may replace an object; without it that is refused with 409."
    )


class ConversionBody(serializers.Serializer[Any]):
    """Parquet files to convert to text that batch transform can split."""

    path = ServiceText(
        help_text="The s3:// address of a file, or the beginning of the addresses of several, such as a folder."
    )
    format = serializers.ChoiceField(
        choices=TextFormat.choices,
        error_messages=one_sentence(f"It must be one of {', '.join(TextFormat.values)}."),
    )
    header = JsonFlag(
        default=False,
        help_text="Whether the first line of CSV has the columns' names; batch transform sends it to the model.",
    )
    output = ServiceText(
        required=False,
        allow_blank=True,
        help_text="The object or folder to write to; by default beside what is converted.",
    )
    replace = JsonFlag(
        default=False, help_text="Whether it may replace objects; without it that is refused with 409."
    )


class FolderBody(serializers.Serializer[Any]):
    """A new folder."""

    path = ServiceText(help_text="The s3:// address of the bucket or folder in which it is made.")
    name = ServiceText(help_text="Its name; with slashes in it, folders in folders.")


class EngineKeyBody(serializers.Serializer[Any]):
    """A new key to the engine."""

    name = ServiceText(help_text="What it is for, in up to 80 characters.")
    reads_only = JsonFlag(default=False, help_text="Whether it may only read.")


class BudgetBody(serializers.Serializer[Any]):
    """The monthly budget of the team; what is left out stays as it is, or has its default."""

    amount_usd = serializers.FloatField(
        help_text="US dollars a month, with at most 2 decimals.",
        min_value=0.01,
        max_value=MOST_USD,
        required=False,
    )
    warn_percent = serializers.IntegerField(
        min_value=1, max_value=100, required=False, help_text="The share that warns; 80 unless it is set."
    )
    past_budget = serializers.ChoiceField(
        choices=PastBudget.choices, required=False, help_text="`hold`: new jobs wait once it is spent."
    )


class TokenBody(serializers.Serializer[Any]):
    """A new API token."""

    name = ServiceText(help_text="What it is for, in up to 80 characters.")
    role = serializers.ChoiceField(
        choices=Role.choices,
        required=False,
        help_text="The most it may do, no more than its owner and the request may. Left out: what its owner may.",
        error_messages=one_sentence(f"It must be one of {', '.join(Role.values)}."),
    )
    days = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text="For how many days it is good, 0 for no end. Left out: the installation's usual time.",
    )
    owner = ServiceText(
        required=False, help_text="For admins: the user name of a service account. Left out: you."
    )


class BucketBody(serializers.Serializer[Any]):
    """A new bucket."""

    name = ServiceText(help_text="3 to 63 lowercase letters, digits and hyphens.")


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


def read_bodies(data: object) -> list[Any]:
    """The bodies of a bulk submission, which are checked one by one; InvalidFields if there is no list of them."""
    if not isinstance(data, Mapping):
        raise ParseError("The body must be a JSON object.")
    fields = dict(data)
    problems = _unknown_fields(fields, BulkBody())
    bodies = fields.get("jobs")
    if not isinstance(bodies, list) or not 1 <= len(bodies) <= bulk.MOST:
        problems["jobs"] = [f"It must be a list of 1 to {bulk.MOST:,} bodies of jobs."]
    if problems or not isinstance(bodies, list):
        raise InvalidFields(problems)
    return bodies


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


def take_records(fields: dict[str, Any]) -> int:
    """Take `records` out of the body of a trial; the default if it is not there. Raises InvalidFields."""
    count = fields.pop("records", trials.DEFAULT)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= trials.MOST:
        raise InvalidFields({"records": [trials.NUMBER]})
    return count


def take_replace_outputs(fields: dict[str, Any]) -> bool:
    """Take `replace_outputs` out of a submission's body; false if it is not there. Raises InvalidFields."""
    sent = {name: fields.pop(name) for name in ("replace_outputs",) if name in fields}
    return bool(read_body(ReplaceBody, sent)["replace_outputs"])
