"""What preflight found."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class FindingAnswer(serializers.Serializer[Any]):
    """One thing to know about a request; `fix` is the change of fields that mends it, null where none is known."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=["error", "warning", "note"])
    field = serializers.CharField()
    reason = serializers.CharField()
    fix = serializers.DictField(allow_null=True)


class PreflightAnswer(serializers.Serializer[Any]):
    """What preflight found, errors first, then warnings and notes."""

    findings = FindingAnswer(many=True)
