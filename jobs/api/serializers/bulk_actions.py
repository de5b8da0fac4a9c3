"""The outcome of an action on many jobs, and of many submissions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PassedOverAnswer(serializers.Serializer[Any]):
    """A job that was passed over, and why."""

    id = serializers.CharField()
    reason = serializers.CharField()


class ManyAnswer(serializers.Serializer[Any]):
    """The outcome of an action on many jobs; `more` is whether some are left for another request."""

    action = serializers.CharField()
    message = serializers.CharField()
    done = serializers.ListField(child=serializers.CharField())
    passed_over = PassedOverAnswer(many=True)
    more = serializers.BooleanField()


class SubmittedJobAnswer(serializers.Serializer[Any]):
    """A job that was submitted."""

    id = serializers.CharField(source="key")
    name = serializers.CharField()


class RefusalAnswer(serializers.Serializer[Any]):
    """Why a job was not submitted; the members are those of an error, and null where there is none."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]  # DRF keeps declared fields apart from `.fields`
        child=serializers.ListField(child=serializers.CharField())
    )
    job = serializers.CharField(default=None, allow_null=True, help_text="The job that has the name.")
    outputs = serializers.IntegerField(default=None, allow_null=True, help_text="How many it would replace.")
    output_path = serializers.CharField(default=None, allow_null=True, help_text="Where it replaces none.")


class BulkRowAnswer(serializers.Serializer[Any]):
    """What became of one job: `index` counts from 0, and `status` is the answer to a request of its own."""

    index = serializers.IntegerField()
    status = serializers.IntegerField()
    job = SubmittedJobAnswer(allow_null=True)
    error = RefusalAnswer(allow_null=True)


class BulkAnswer(serializers.Serializer[Any]):
    """What became of each job, in the order of the request."""

    results = BulkRowAnswer(many=True)
    created = serializers.IntegerField()
    refused = serializers.IntegerField()
