"""Rows as JSON: what the API answers with. Serializers here only write; requests are read by the services."""

from __future__ import annotations

import dataclasses
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from jobs import queries
from jobs.costs import CURRENCY, Cost, NoAmount
from jobs.lifecycle.starting import creation_request
from jobs.models import Connection, InstancePrice, JobEvent, RegisteredModel, TransformJob
from jobs.services import failing
from jobs.services.failing import try_url
from transform.spec import TransformSpec

#: The request's fields that a job's answer shows under their own names; null where nothing was given.
_REQUEST_FIELDS = [field.name for field in dataclasses.fields(TransformSpec) if field.name != "model_name"]


class CostAnswer(serializers.Serializer[Cost]):
    """What a job cost, or so far unless it is `final`; where `amount` is null there is a `reason`, never zero."""

    amount = serializers.FloatField(allow_null=True)
    currency = serializers.SerializerMethodField()
    instance_seconds = serializers.IntegerField(allow_null=True)
    price = serializers.FloatField(allow_null=True, help_text="For an instance and hour.")
    final = serializers.BooleanField()
    reason = serializers.ChoiceField(
        source="reason.value", choices=[reason.value for reason in NoAmount], allow_null=True, default=None
    )

    def get_currency(self, cost: Cost) -> str:
        """US dollars, as AWS's price list has them."""
        return CURRENCY


class ChangeAnswer(serializers.Serializer[Any]):
    """One change to the request: `value` as text, empty to leave the field out; `was` null if it was not set."""

    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    was = serializers.JSONField(allow_null=True)
    says = serializers.CharField()
    url = serializers.CharField()


class FailureAnswer(serializers.Serializer[Any]):
    """Why a job failed. `cause` stays the same for all jobs that failed so; `source` is who said what is `quoted`."""

    cause = serializers.CharField()
    title = serializers.CharField()
    quoted = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # as `parent` below
    advice = serializers.CharField()
    change = ChangeAnswer(allow_null=True)


class JobAnswer(serializers.ModelSerializer[TransformJob]):
    """A transform job. `spec` holds the request in the SDK's field names."""

    id = serializers.CharField(source="key")
    url = serializers.SerializerMethodField()
    api_url = serializers.SerializerMethodField()
    connection = serializers.CharField(source="connection.slug")
    model = serializers.CharField(source="model_name")
    warnings = serializers.ListField(child=serializers.CharField())
    fallback_instance_types = serializers.ListField(child=serializers.CharField())
    instance_type_used = serializers.CharField(source="instance_type")
    submitted_by = serializers.SerializerMethodField()
    max_cost_usd = serializers.FloatField(allow_null=True)
    cost = CostAnswer()
    eta = serializers.DateTimeField(
        source="expected_end",
        allow_null=True,
        read_only=True,
        help_text="When the last output is expected, from how fast those that are there were written; null if unknown.",
    )
    failure = serializers.SerializerMethodField()
    parent = serializers.CharField(  # type: ignore[assignment]  # DRF keeps declared fields apart from `.parent`
        source="parent.key",
        default=None,
        allow_null=True,
        help_text="The job it finishes, repeats or was cloned from.",
    )

    class Meta:
        model = TransformJob
        fields = [
            "id", "name", "state", "state_reason", "failure", "warnings", "url", "api_url", "connection", "model",
            "arn", "submitted_by", "external", "origin", "parent", "attempt", "created_at", "changed_at", "accepted_at",
            "started_at", "ended_at", "objects_total", "objects_done", "bytes_total", "eta", "stop_requested_at",
            "priority", "fallback_instance_types", "instance_type_used", "max_retries", "deadline_minutes",
            "max_idle_minutes", "max_cost_usd", "cost", "archived_at", "spec",
        ]  # fmt: skip

    def get_url(self, job: TransformJob) -> str:
        """The job's page."""
        return str(self.context["request"].build_absolute_uri(job.get_absolute_url()))

    def get_api_url(self, job: TransformJob) -> str:
        """This answer's own address."""
        return str(reverse("api:job", args=[job.key], request=self.context["request"]))

    def get_submitted_by(self, job: TransformJob) -> str:
        """The submitter's user name; empty once the person is gone."""
        return job.submitted_by.get_username() if job.submitted_by else ""

    @extend_schema_field(FailureAnswer(allow_null=True))
    def get_failure(self, job: TransformJob) -> dict[str, Any] | None:
        """Why it failed or was rejected; null for any other job."""
        failure = failing.failure_of(job)
        if failure is None:
            return None
        change = failure.change and {
            **dataclasses.asdict(failure.change),
            "url": self.context["request"].build_absolute_uri(try_url(job, failure.change)),
        }
        return {
            "cause": failure.cause, "title": failure.title, "quoted": failure.quoted, "source": failure.source,
            "advice": failure.advice, "change": change,
        }  # fmt: skip

    def to_representation(self, job: TransformJob) -> dict[str, Any]:
        """The fields above, and beside them each field of the request under its SDK name."""
        answer: dict[str, Any] = super().to_representation(job)
        spec = answer.pop("spec")
        own = {name: spec.get(name) for name in _REQUEST_FIELDS if name not in answer}
        return {**answer, **own}


class EventAnswer(serializers.ModelSerializer[JobEvent]):
    """One entry of the timeline; only a `move` changes the state."""

    by = serializers.SerializerMethodField()

    class Meta:
        model = JobEvent
        fields = ["at", "kind", "from_state", "to_state", "reason", "by"]

    def get_by(self, event: JobEvent) -> str:
        """Who asked for it; empty if the service acted by itself."""
        return event.by.get_username() if event.by else ""


class AttemptAnswer(serializers.ModelSerializer[TransformJob]):
    """One attempt at a job: how it came to be, and what it wrote itself."""

    id = serializers.CharField(source="key")

    class Meta:
        model = TransformJob
        fields = ["id", "attempt", "origin", "name", "state", "objects_total", "objects_done"]


class RowsAnswer(serializers.Serializer[Any]):
    """How far the rows of inputs and outputs were compared: in how many files, in how many they differ."""

    compared = serializers.IntegerField()
    differ = serializers.IntegerField()
    pending = serializers.BooleanField()
    note = serializers.CharField(allow_blank=True)


class JobDetailAnswer(JobAnswer):
    """A transform job with its CreateTransformJob JSON, its timeline and all attempts at it."""

    request = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    objects_missing = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()

    class Meta(JobAnswer.Meta):
        fields = [
            *JobAnswer.Meta.fields,
            "request",
            "events",
            "timeline",
            "attempts",
            "objects_missing",
            "rows",
        ]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_request(self, job: TransformJob) -> dict[str, Any]:
        """The request as SageMaker gets it."""
        return creation_request(job)

    @extend_schema_field(EventAnswer(many=True))
    def get_events(self, job: TransformJob) -> Any:
        """The changes of state, oldest first."""
        return EventAnswer([event for event in queries.timeline(job) if event.is_move], many=True).data

    @extend_schema_field(EventAnswer(many=True))
    def get_timeline(self, job: TransformJob) -> Any:
        """Everything that was told of the job, oldest first: moves, notes and warnings."""
        return EventAnswer(queries.timeline(job), many=True).data

    @extend_schema_field(AttemptAnswer(many=True))
    def get_attempts(self, job: TransformJob) -> Any:
        """The first attempt and those that finish or repeat it, in order; this job is one of them."""
        return AttemptAnswer(self._merged.attempts, many=True).data

    def get_objects_missing(self, job: TransformJob) -> int | None:
        """How many inputs have no output of any attempt; null where not every input is known."""
        return self._merged.missing if self._merged.plan else None

    @extend_schema_field(RowsAnswer(allow_null=True))
    def get_rows(self, job: TransformJob) -> Any:
        """How far rows were compared; null where they are not."""
        rows = queries.rows(job)
        return rows and RowsAnswer(rows).data

    def to_representation(self, job: TransformJob) -> dict[str, Any]:
        """As above, with the attempts read once."""
        self._merged = queries.merged(job)
        return super().to_representation(job)


class PassedOverAnswer(serializers.Serializer[Any]):
    """A job to which nothing was done, and why."""

    id = serializers.CharField()
    reason = serializers.CharField()


class ManyAnswer(serializers.Serializer[Any]):
    """What became of many jobs; `more` says that some are left for another request."""

    action = serializers.CharField()
    message = serializers.CharField()
    done = serializers.ListField(child=serializers.CharField())
    passed_over = PassedOverAnswer(many=True)
    more = serializers.BooleanField()


class ModelAnswer(serializers.ModelSerializer[RegisteredModel]):
    """A registered model."""

    connection = serializers.CharField(source="connection.slug")
    image = serializers.CharField()
    model_data = serializers.CharField()
    env = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = RegisteredModel
        fields = [
            "id", "name", "connection", "image", "model_data", "env", "execution_role_arn",
            "containers", "arn", "description", "created_at",
        ]  # fmt: skip


class ConnectionAnswer(serializers.ModelSerializer[Connection]):
    """A connection; `last_error` is empty while calls succeed, a limit null where there is none."""

    max_instances_per_type = serializers.DictField(child=serializers.IntegerField())

    class Meta:
        model = Connection
        fields = [
            "slug", "name", "kind", "region", "endpoint_url", "role_arn", "account_id", "import_external",
            "max_running", "max_instances", "max_instances_per_type",
            "queue_url", "queue_read_at", "queue_error", "checked_at", "last_ok_at", "last_error", "created_at",
        ]  # fmt: skip


class LimitAnswer(serializers.Serializer[Any]):
    """A limit that holds: `most` is null without one, `quota` the account's even where another was set by hand."""

    what = serializers.CharField()
    instance_type = serializers.CharField(allow_blank=True)
    most = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    by_hand = serializers.BooleanField()
    quota = serializers.IntegerField(allow_null=True)


class LimitsAnswer(serializers.Serializer[Any]):
    """The limits of a connection; instance types with a quota of 0 are only counted, as `forbidden`."""

    results = LimitAnswer(many=True, source="rows")
    forbidden = serializers.IntegerField()
    read_at = serializers.DateTimeField(source="quotas.read_at", default=None, allow_null=True)
    problem = serializers.CharField(source="quotas.problem", default="", allow_blank=True)


class PriceAnswer(serializers.ModelSerializer[InstancePrice]):
    """What an instance costs an hour; `source` is `hand`, or `aws` for AWS's price list."""

    usd_per_hour = serializers.FloatField()

    class Meta:
        model = InstancePrice
        fields = ["instance_type", "usd_per_hour", "source", "changed_at"]


class PricesAnswer(serializers.ModelSerializer[Connection]):
    """A connection's prices by instance type; `read_at` is when AWS's list was read, `read_error` why it was not."""

    results = PriceAnswer(source="prices", many=True)
    read_at = serializers.DateTimeField(source="prices_read_at", allow_null=True)
    read_error = serializers.CharField(source="prices_error", allow_blank=True)

    class Meta:
        model = Connection
        fields = ["region", "results", "read_at", "read_error"]


class TotalAnswer(serializers.Serializer[Any]):
    """Jobs that ran and ended, and what those with a known cost cost together; null where none has one."""

    team = serializers.CharField(required=False)
    month = serializers.DateField(required=False, format="%Y-%m")
    model = serializers.CharField(required=False)
    connection = serializers.CharField(required=False)
    jobs = serializers.IntegerField()
    instance_seconds = serializers.IntegerField()
    amount = serializers.FloatField(allow_null=True)
    unknown = serializers.IntegerField(help_text="Jobs whose cost is not known; none of it is in the amount.")
    not_billed = serializers.IntegerField(help_text="Jobs of an engine without prices.")


class TotalsAnswer(serializers.Serializer[Any]):
    """What ended jobs have cost: together, and apart by what was asked for."""

    currency = serializers.CharField()
    total = TotalAnswer()
    results = TotalAnswer(many=True)


class OutputAnswer(serializers.Serializer[Any]):
    """An output object; `name` is its key below the output path, `size` in bytes.

    `rows_in` and `rows_out` are the rows of the input and of the output, null while they are not compared.
    """

    key = serializers.CharField()
    name = serializers.CharField()
    input_key = serializers.CharField(allow_blank=True)
    size = serializers.IntegerField()
    modified = serializers.DateTimeField()
    rows_in = serializers.IntegerField(allow_null=True)
    rows_out = serializers.IntegerField(allow_null=True)
    uri = serializers.CharField()
    preview_url = serializers.CharField()
    download_url = serializers.CharField()


class OutputsAnswer(serializers.Serializer[Any]):
    """Outputs in key order; `next` is the address of those after them."""

    results = OutputAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    objects_done = serializers.IntegerField(allow_null=True)
    objects_total = serializers.IntegerField(allow_null=True)


class PreviewAnswer(serializers.Serializer[Any]):
    """The beginning of an output: `rows` for a table, `text` for text."""

    kind = serializers.ChoiceField(choices=["table", "text", "binary", "empty"])
    size = serializers.IntegerField()
    truncated = serializers.BooleanField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    text = serializers.CharField(allow_blank=True)


class LogLineAnswer(serializers.Serializer[Any]):
    """A line of the log."""

    at = serializers.DateTimeField()
    text = serializers.CharField(allow_blank=True)


class LogsAnswer(serializers.Serializer[Any]):
    """Lines of one stream; `token` asks for what was written after them."""

    streams = serializers.ListField(child=serializers.CharField())
    stream = serializers.CharField(allow_blank=True)
    results = LogLineAnswer(many=True)
    token = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)


class FindingAnswer(serializers.Serializer[Any]):
    """One thing to know about a request; `fix` is the change of fields that mends it, null where none is known."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning", "note"])
    field = serializers.CharField()
    reason = serializers.CharField()
    fix = serializers.DictField(allow_null=True)


class PreflightAnswer(serializers.Serializer[Any]):
    """What preflight found, errors first, then warnings and notes."""

    findings = FindingAnswer(many=True)
