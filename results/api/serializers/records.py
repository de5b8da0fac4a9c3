"""Input records beside output rows."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ValueAnswer(serializers.Serializer[Any]):
    """A value of a record; `name` is empty if its column has none. `marked` are input values that the model never saw,
    and output values that it wrote.
    """

    name = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    marked = serializers.BooleanField()


class RecordAnswer(serializers.Serializer[Any]):
    """One half of a pair: the record's first 64 KiB; `length` is the whole record's in bytes, null if unknown."""

    text = serializers.CharField(allow_blank=True)
    cut = serializers.BooleanField()
    length = serializers.IntegerField(allow_null=True)
    values = ValueAnswer(many=True)


class PairAnswer(serializers.Serializer[Any]):
    """The input record and the output row with one number; null if there is none."""

    file = serializers.CharField()
    row = serializers.IntegerField()
    input = RecordAnswer(allow_null=True)
    output = RecordAnswer(allow_null=True)
    prediction = serializers.CharField(allow_null=True)


class RecordsAnswer(serializers.Serializer[Any]):
    """Rows of one file; `next` is the URL of the following rows, `looked` the last row that was read."""

    file = serializers.CharField(allow_null=True)
    output_key = serializers.CharField(allow_null=True)
    alignment = serializers.ChoiceField(choices=["rows", "loose", "blob", "whole"])
    why = serializers.CharField(allow_blank=True)
    rows_in = serializers.IntegerField(allow_null=True)
    rows_out = serializers.IntegerField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    trouble = serializers.CharField(allow_blank=True)
    looked = serializers.IntegerField()
    results = PairAnswer(many=True)
    next = serializers.CharField(allow_null=True)
