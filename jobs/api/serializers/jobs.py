"""Transform jobs, alone and in lists."""

from __future__ import annotations

import dataclasses
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from jobs import queries
from jobs.api.serializers.costs import CostAnswer
from jobs.api.serializers.failures import FailureAnswer
from jobs.api.serializers.one_page import OnePageAnswer
from jobs.api.serializers.presets import DifferenceAnswer
from jobs.api.serializers.requests import RequestAnswer
from jobs.models import JobEvent, TransformJob, TrialRun
from jobs.services.attempts import changes, failure_report
from jobs.services.attempts.failure_report import try_url
from jobs.services.listing.display import for_display_with_attempts
from jobs.services.submitting import presets
from jobs.services.submitting.requests import sent_request
from jobs.states import Hold


class JobAnswer(RequestAnswer, serializers.ModelSerializer[TransformJob]):
    """A transform job, with its request in the SDK's field names; null is a field that was not given."""

    id = serializers.CharField(source="key")
    url = serializers.SerializerMethodField()
    api_url = serializers.SerializerMethodField()
    connection = serializers.CharField(source="connection.slug")
    model = serializers.CharField(source="model_name")
    warnings = serializers.ListField(child=serializers.CharField(), source="warning_texts")
    instance_type_used = serializers.CharField(source="instance_type")
    submitted_by = serializers.SerializerMethodField()
    hold = serializers.ChoiceField(
        choices=Hold.choices,
        allow_null=True,
        read_only=True,
        help_text="Whether the outputs may be used, where an output check holds them: `held` until a person decides, "
        "then `accepted` or `refused`; null if none does.",
    )
    cost = CostAnswer()
    eta = serializers.DateTimeField(
        source="expected_end",
        allow_null=True,
        read_only=True,
        help_text="When the last output is expected, from how fast those that are there were written; null if unknown.",
    )
    failure = serializers.SerializerMethodField()
    preset = serializers.SerializerMethodField()
    parent = serializers.CharField(  # type: ignore[assignment]  # DRF keeps declared fields apart from `.parent`
        source="parent.key",
        default=None,
        allow_null=True,
        help_text="The job it finishes, repeats or was cloned from.",
    )

    root = serializers.CharField(  # type: ignore[assignment]  # as `parent`
        source="root.key",
        default=None,
        allow_null=True,
        help_text="The job that this is a further attempt at; null for a job itself.",
    )
    attempts_count = serializers.IntegerField(
        read_only=True,
        help_text="How many attempts there are at this job; its state and counts are of all of them.",
    )

    class Meta:
        model = TransformJob
        fields = [
            "id", "name", "state", "hold", "state_reason", "failure", "warnings", "url", "api_url", "connection",
            "model", "arn", "submitted_by", "external", "origin", "preset", "deployment", "parent", "root", "attempt",
            "attempts_count", "created_at", "changed_at",
            "accepted_at", "started_at", "ended_at", "objects_total", "objects_done", "bytes_total", "eta",
            "stop_requested_at", "instance_type_used", "cost", "archived_at",
        ]  # fmt: skip

    def get_url(self, job: TransformJob) -> str:
        """The job's page."""
        return str(self.context["request"].build_absolute_uri(job.get_absolute_url()))

    def get_preset(self, job: TransformJob) -> str | None:
        """The slug of the preset that the job began with, which may be deleted; null without one."""
        slug: str | None = job.preset_used.get("slug")
        return slug

    def get_api_url(self, job: TransformJob) -> str:
        """The address of this answer."""
        return str(reverse("api:job", args=[job.key], request=self.context["request"]))

    def get_submitted_by(self, job: TransformJob) -> str:
        """The submitter's user name; empty if the account is deleted."""
        return job.submitted_by.get_username() if job.submitted_by else ""

    @extend_schema_field(FailureAnswer(allow_null=True))
    def get_failure(self, job: TransformJob) -> dict[str, Any] | None:
        """Why the job failed or was rejected; null for any other job."""
        failure = failure_report.failure_of(job)
        if failure is None:
            return None
        change = failure.change and {
            **dataclasses.asdict(failure.change),
            "url": self.context["request"].build_absolute_uri(try_url(job, failure.change)),
        }
        return {
            "cause": failure.cause, "title": failure.title, "quoted": failure.quoted, "source": failure.source,
            "advice": failure.advice, "change": change, "object": failure.object,
            "records": failure.place and dataclasses.asdict(failure.place), "unread": failure.unread,
        }  # fmt: skip

    def to_representation(self, job: TransformJob) -> dict[str, Any]:
        """The fields of the job as all its attempts left it."""
        answer: dict[str, Any] = super().to_representation(queries.whole(job))
        return answer


class EventAnswer(serializers.ModelSerializer[JobEvent]):
    """One entry of the timeline; only a `move` changes the state."""

    by = serializers.SerializerMethodField()
    attempt = serializers.IntegerField(source="job.attempt")

    class Meta:
        model = JobEvent
        fields = ["at", "attempt", "kind", "from_state", "to_state", "reason", "by"]

    def get_by(self, event: JobEvent) -> str:
        """The user name of the person behind it; empty if the service acted by itself."""
        return event.by.get_username() if event.by else ""


class AttemptAnswer(serializers.ModelSerializer[TransformJob]):
    """One attempt at a job: its origin, and what it wrote itself."""

    id = serializers.CharField(source="key")

    class Meta:
        model = TransformJob
        fields = ["id", "attempt", "origin", "name", "state", "objects_total", "objects_done"]


class RowsAnswer(serializers.Serializer[Any]):
    """The comparison of rows of inputs and outputs: in how many files, and in how many they differ."""

    compared = serializers.IntegerField()
    differ = serializers.IntegerField()
    pending = serializers.BooleanField()
    note = serializers.CharField(allow_blank=True)


class ChangedAnswer(serializers.Serializer[Any]):
    """A field of the request whose value differs from the one in `parent`; null for a value that is not given."""

    field = serializers.CharField()
    was = serializers.JSONField(allow_null=True)
    now = serializers.JSONField(allow_null=True)


class ActAnswer(serializers.Serializer[Any]):
    """One act of a person on a job; `job` is the id of a job that it made, or that the job was made of."""

    at = serializers.DateTimeField()
    who = serializers.CharField(allow_blank=True)
    token = serializers.CharField(allow_blank=True)
    verb = serializers.CharField()
    # The API's key, which stays as it is.
    vars()["said"] = serializers.CharField(source="text")
    job = serializers.CharField(source="job.key", default=None, allow_null=True)


class ActsAnswer(OnePageAnswer):
    """The latest acts, newest first."""

    results = ActAnswer(many=True)


class TrialOfAnswer(serializers.ModelSerializer[TrialRun]):
    """What a job is a trial of: `request` are the fields of the job on all of the input."""

    request = serializers.DictField()
    objects = serializers.IntegerField(source="objects_count")

    class Meta:
        model = TrialRun
        fields = ["request", "place", "records", "objects", "bytes", "has_header", "is_short", "removed_at"]


class JobDetailAnswer(JobAnswer):
    """A transform job with its CreateTransformJob JSON, its timeline and all attempts at it."""

    request = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    timeline = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    objects_missing = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    preset_differences = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    trial_of = TrialOfAnswer(source="trial_run", allow_null=True)

    class Meta(JobAnswer.Meta):
        fields = [
            *JobAnswer.Meta.fields,
            "request",
            "events",
            "timeline",
            "attempts",
            "objects_missing",
            "rows",
            "preset_differences",
            "changes",
            "trial_of",
        ]

    @extend_schema_field(DifferenceAnswer(many=True))
    def get_preset_differences(self, job: TransformJob) -> Any:
        """The fields that differ from the preset as it was then; empty without a preset."""
        return DifferenceAnswer(presets.differences(job), many=True).data

    @extend_schema_field(ChangedAnswer(many=True))
    def get_changes(self, job: TransformJob) -> Any:
        """The fields of the request that differ from those of the parent."""
        return ChangedAnswer(changes.since_parent(job), many=True).data

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_request(self, job: TransformJob) -> dict[str, Any]:
        """The request as SageMaker gets it."""
        return sent_request(job)

    @extend_schema_field(EventAnswer(many=True))
    def get_events(self, job: TransformJob) -> Any:
        """The changes of state, oldest first."""
        return EventAnswer([event for event in queries.timeline(job) if event.is_move], many=True).data

    @extend_schema_field(EventAnswer(many=True))
    def get_timeline(self, job: TransformJob) -> Any:
        """All entries of the timeline, oldest first: moves, notes and warnings."""
        return EventAnswer(queries.timeline(job), many=True).data

    @extend_schema_field(AttemptAnswer(many=True))
    def get_attempts(self, job: TransformJob) -> Any:
        """The first attempt and those that finish or repeat it, in order; this job is one of them."""
        return AttemptAnswer(self._merged.attempts, many=True).data

    def get_objects_missing(self, job: TransformJob) -> int | None:
        """The number of inputs without an output of any attempt; null if some inputs are not known."""
        return self._merged.missing if self._merged.plan else None

    @extend_schema_field(RowsAnswer(allow_null=True))
    def get_rows(self, job: TransformJob) -> Any:
        """The comparison of rows; null without one."""
        rows = queries.rows(job)
        return rows and RowsAnswer(rows).data

    def to_representation(self, job: TransformJob) -> dict[str, Any]:
        """The fields of the job as all its attempts left it; the attempts are read once."""
        shown_job, self._merged = for_display_with_attempts(job, queries.merged(job))
        return super().to_representation(shown_job)
