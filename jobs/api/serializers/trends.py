"""Trends of jobs over time."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.services.listing.trends import GROUPS, UNITS, TrendPoint


class TrendPointAnswer(serializers.Serializer[TrendPoint]):
    """Jobs that ended in a unit of time; null where there are none to tell from."""

    jobs = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    success = serializers.FloatField(allow_null=True)
    median_seconds = serializers.IntegerField(source="median", allow_null=True)
    p95_seconds = serializers.IntegerField(source="p95", allow_null=True)
    amount = serializers.FloatField(help_text="Known costs in US dollars.")


class TrendLineAnswer(serializers.Serializer[Any]):
    """The figures of one value of the group; null for jobs that have none, or for all together."""

    value = serializers.CharField(allow_null=True)
    points = TrendPointAnswer(many=True)


class TrendsAnswer(serializers.Serializer[Any]):
    """Lines over the same units of time, those with most jobs first."""

    unit = serializers.ChoiceField(choices=UNITS)
    by = serializers.ChoiceField(choices=list(GROUPS), allow_blank=True)
    starts = serializers.ListField(child=serializers.DateField(), help_text="First days, in UTC.")
    end = serializers.DateField(help_text="The day after the last.")
    every = serializers.IntegerField(help_text="Of so many completed jobs one gave its duration.")
    left_out = serializers.IntegerField(help_text="Values without a line.")
    lines = TrendLineAnswer(many=True)
