"""A job's outputs and log."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


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
    """Outputs in key order; `next` is the URL of the next page."""

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
    """A line of the log; `id` is its place, for `at`, `token` or `before`."""

    at = serializers.DateTimeField()
    text = serializers.CharField(allow_blank=True)
    stream = serializers.CharField()
    id = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning", ""])


class LogsAnswer(serializers.Serializer[Any]):
    """Lines in order of time; `token` is the place after them, `before` the place before them.

    `before` is empty at the log's beginning; `more` is true if later lines exist already.
    """

    streams = serializers.ListField(child=serializers.CharField())
    stream = serializers.CharField(allow_blank=True)
    results = LogLineAnswer(many=True)
    token = serializers.CharField(allow_blank=True)
    before = serializers.CharField(allow_blank=True)
    more = serializers.BooleanField()
    note = serializers.CharField(allow_blank=True)
