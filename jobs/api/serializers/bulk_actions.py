"""The outcome of an action on many jobs."""

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
