"""The resources that a job's instances used."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class UsageLineAnswer(serializers.Serializer[Any]):
    """One instance: `values` at the answer's `times`, null where it has none."""

    instance = serializers.CharField()
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))
    minimum = serializers.FloatField()
    mean = serializers.FloatField()
    maximum = serializers.FloatField()


class UsageChartAnswer(serializers.Serializer[Any]):
    """One metric by CloudWatch's name, in percent; `meaning` says of what."""

    name = serializers.CharField()
    title = serializers.CharField()
    meaning = serializers.CharField()
    lines = UsageLineAnswer(many=True)


class UsageAnswer(serializers.Serializer[Any]):
    """Averages over `period` seconds; `note` says why there are no `charts`."""

    period = serializers.IntegerField()
    times = serializers.ListField(child=serializers.DateTimeField())
    charts = UsageChartAnswer(many=True)
    note = serializers.CharField(allow_blank=True)
