"""Bodies and answers of the API of searches for bad records."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.api.body_fields import JsonText, one_sentence
from jobs.models import RecordSearch
from jobs.models.record_search import SearchState
from jobs.services.attempts import bad_records


class SearchBody(serializers.Serializer[Any]):
    """What is searched."""

    object = JsonText(
        trim_whitespace=False,
        help_text="The key of an input object of the job that has no output.",
        error_messages=one_sentence("It must be the key of an input object of the job."),
    )


class SearchPlanAnswer(serializers.Serializer[Any]):
    """What a search would do: at most `jobs` small jobs, each about `seconds` long or less.

    `cost` is in US dollars for all of them together at most, null without a price. `place` is the folder of the parts.
    """

    object = serializers.CharField(source="row.key")
    bytes = serializers.IntegerField(source="size")
    jobs = serializers.IntegerField()
    seconds = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True)
    place = serializers.CharField()


class BadRecordAnswer(serializers.Serializer[Any]):
    """A record that fails by itself. `record` counts from 1 without empty lines; `line` is null without lines."""

    record = serializers.IntegerField()
    line = serializers.SerializerMethodField()
    reason = serializers.CharField()

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_line(self, bad: Any) -> int | None:
        """The line's number, with empty lines."""
        return bad.line or None


class SearchAnswer(serializers.ModelSerializer[RecordSearch]):
    """A search in one object. `step` is the id of its latest small job; `records` is null until they are counted.

    `why_no_run` says why the object cannot be run without its bad records; it is empty if it can. `output_key` is what
    that run writes.
    """

    id = serializers.CharField(source="key")
    job = serializers.CharField(source="job.key")
    object = serializers.CharField(source="object_key")
    state = serializers.ChoiceField(choices=SearchState.choices)
    bad_records = BadRecordAnswer(source="bad", many=True)
    step = serializers.CharField(source="step.key", default=None, allow_null=True)
    why_no_run = serializers.SerializerMethodField()
    requested_by = serializers.CharField(source="user.username")

    class Meta:
        model = RecordSearch
        fields = [
            "id", "job", "object", "state", "problem", "records", "round", "most_rounds", "bad_records",
            "bad_records_uri", "place", "output_key", "step", "why_no_run", "requested_by", "created_at", "ended_at",
        ]  # fmt: skip

    def get_why_no_run(self, search: RecordSearch) -> str:
        """The reason as a sentence."""
        return bad_records.why_no_output(search)
