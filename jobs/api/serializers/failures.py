"""Why a job failed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.serializers.files import RecordPlaceAnswer
from jobs.api.serializers.one_page import OnePageAnswer


class ChangeAnswer(serializers.Serializer[Any]):
    """A change to the request: `value` as text, empty to leave the field out; `was` is null if it was not set."""

    field = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    was = serializers.JSONField(allow_null=True)
    says = serializers.CharField()
    url = serializers.CharField()


class FailureAnswer(serializers.Serializer[Any]):
    """Why a job failed. `cause` is the same for all such failures; `source` is where `quoted` comes from.

    `object` is the key of the input that failed, empty if it is not known, and `records` are those of its request that
    failed, null if they are not known. While the job's log is `unread`, the cause may still change.
    """

    cause = serializers.CharField()
    title = serializers.CharField()
    quoted = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # DRF keeps declared fields apart from `.source`
    advice = serializers.CharField()
    change = ChangeAnswer(allow_null=True)
    object = serializers.CharField(allow_blank=True)
    records = RecordPlaceAnswer(allow_null=True)
    unread = serializers.BooleanField()


class CauseAnswer(serializers.Serializer[Any]):
    """The jobs that failed with one cause; the logs of `unread` of them may still show another cause."""

    cause = serializers.CharField()
    title = serializers.CharField()
    count = serializers.IntegerField()
    first = serializers.DateTimeField(allow_null=True, help_text="When the first of them ended.")
    last = serializers.DateTimeField(allow_null=True)
    models = serializers.DictField(child=serializers.IntegerField(), help_text="How many of which model.")
    unread = serializers.IntegerField()


class CausesAnswer(OnePageAnswer):
    """All causes, the most frequent first."""

    results = CauseAnswer(many=True)
