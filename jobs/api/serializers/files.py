"""The input objects of a job and their states."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.services.files import FileState


class RecordPlaceAnswer(serializers.Serializer[Any]):
    """A range of an object's records and of their lines, from 1, ends included; lines are null for binary records."""

    first = serializers.IntegerField()
    last = serializers.IntegerField()
    first_line = serializers.IntegerField(allow_null=True)
    last_line = serializers.IntegerField(allow_null=True)


class FileAnswer(serializers.Serializer[Any]):
    """An input object and its state; `error` is the data log's line about a failed one.

    `records` are those of the request that failed, null if they are not known. `size` is null for a manifest's entries,
    `rows_in` and `rows_out` while rows are not compared.
    """

    key = serializers.CharField()
    state = serializers.ChoiceField(choices=FileState.values)
    size = serializers.IntegerField(allow_null=True)
    output_key = serializers.CharField()
    rows_in = serializers.IntegerField(allow_null=True)
    rows_out = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    records = RecordPlaceAnswer(source="place", allow_null=True)


class FileCountsAnswer(serializers.Serializer[Any]):
    """The number of input objects that are known one by one, and of these the number for each value of `only`."""

    # The API's key, which stays as it is.
    vars()["known"] = serializers.IntegerField(source="listed")
    missing = serializers.IntegerField()
    failed = serializers.IntegerField()
    rows = serializers.IntegerField()


class FilesAnswer(serializers.Serializer[Any]):
    """Input objects in order; `next` is the address of those after them."""

    results = FileAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    counts = FileCountsAnswer()
