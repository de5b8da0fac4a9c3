"""Jobs beside each other."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CompareJobAnswer(serializers.Serializer[Any]):
    """One of the jobs; `cost` is in US dollars, null if it is not known."""

    id = serializers.CharField()
    name = serializers.CharField()
    url = serializers.CharField()
    state = serializers.CharField()
    model = serializers.CharField()
    duration_seconds = serializers.IntegerField()
    cost = serializers.CharField(allow_null=True)
    files = serializers.IntegerField(allow_null=True)
    records = serializers.IntegerField(allow_null=True)


class CompareSettingAnswer(serializers.Serializer[Any]):
    """A setting that differs; `values` in the order of the jobs, null where it was not set."""

    field = serializers.CharField()
    values = serializers.ListField(child=serializers.JSONField(allow_null=True))


class QuantilesAnswer(serializers.Serializer[Any]):
    """Figures of the predictions of one job; null if they are no numbers."""

    count = serializers.IntegerField()
    nulls = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    least = serializers.FloatField(allow_null=True)
    p05 = serializers.FloatField(allow_null=True)
    p25 = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p75 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    most = serializers.FloatField(allow_null=True)


class MoverAnswer(serializers.Serializer[Any]):
    """A row whose prediction changed; `shift` is the second number less the first, null for labels."""

    file = serializers.CharField()
    row = serializers.IntegerField()
    key = serializers.CharField(allow_blank=True)
    first = serializers.CharField(allow_blank=True)
    second = serializers.CharField(allow_blank=True)
    shift = serializers.FloatField(allow_null=True)


class PredictionDiffAnswer(serializers.Serializer[Any]):
    """The predictions of the first job and those of the job `with`, over the rows that were matched.

    `complete` is false if there was no time for all rows; `notes` say what was not compared.
    """

    vars()["with"] = serializers.CharField()
    matched_by = serializers.CharField()
    files = serializers.IntegerField()
    files_compared = serializers.IntegerField()
    rows = serializers.IntegerField()
    changed = serializers.IntegerField()
    only_first = serializers.IntegerField()
    only_second = serializers.IntegerField()
    complete = serializers.BooleanField()
    notes = serializers.ListField(child=serializers.CharField())
    first = QuantilesAnswer()
    second = QuantilesAnswer()
    movers = MoverAnswer(many=True)


class CompareAnswer(serializers.Serializer[Any]):
    """Two to four jobs beside each other; predictions are those of each further job against the first."""

    jobs = CompareJobAnswer(many=True)
    settings = CompareSettingAnswer(many=True)
    predictions = PredictionDiffAnswer(many=True)
