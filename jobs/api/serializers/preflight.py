"""The findings of preflight."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.api.serializers.browsing import MatchesAnswer


class FindingAnswer(serializers.Serializer[Any]):
    """A fact about a request; `fix` is the change of fields that mends it, null if none is known."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning", "note"])
    field = serializers.CharField()
    reason = serializers.CharField()
    fix = serializers.DictField(allow_null=True)


class EstimateAnswer(serializers.Serializer[Any]):
    """How long the job will take, from so many similar `jobs` of the team; amounts are null without a price."""

    jobs = serializers.IntegerField()
    seconds_low = serializers.IntegerField(source="low")
    seconds = serializers.IntegerField(source="middle")
    seconds_high = serializers.IntegerField(source="high")
    cost_usd_low = serializers.FloatField(source="cost_low", allow_null=True)
    cost_usd = serializers.FloatField(source="cost", allow_null=True)
    cost_usd_high = serializers.FloatField(source="cost_high", allow_null=True)
    at_least = serializers.BooleanField()


class ColumnAnswer(serializers.Serializer[Any]):
    """A column of the first CSV row; `number` is its position in filters, `sent` is whether the model is sent it."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    sent = serializers.BooleanField()


class TriedAnswer(serializers.Serializer[Any]):
    """An input record, what the model is sent of it, and what is written; each may be empty."""

    record = serializers.CharField()
    sent = serializers.CharField()
    written = serializers.CharField()


class TrialAnswer(serializers.Serializer[Any]):
    """What the filters and the join make of the first records; `trouble` says why one of them fails."""

    records = TriedAnswer(many=True)
    columns = ColumnAnswer(many=True)
    further = serializers.IntegerField()
    sent_columns = serializers.IntegerField()
    trouble = serializers.CharField()


class PreflightAnswer(serializers.Serializer[Any]):
    """The findings, errors first, then warnings and notes; what the input's prefix matches; an estimate; a trial of
    the filters.
    """

    findings = FindingAnswer(many=True)
    matches = MatchesAnswer(allow_null=True)
    estimate = EstimateAnswer(allow_null=True)
    trial = TrialAnswer(allow_null=True)
