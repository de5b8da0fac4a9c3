"""What became of many jobs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PassedOverAnswer(serializers.Serializer[Any]):
    """A job to which nothing was done, and why."""

    id = serializers.CharField()
    reason = serializers.CharField()


class ManyAnswer(serializers.Serializer[Any]):
    """What became of many jobs; `more` says that some are left for another request."""

    action = serializers.CharField()
    message = serializers.CharField()
    done = serializers.ListField(child=serializers.CharField())
    passed_over = PassedOverAnswer(many=True)
    more = serializers.BooleanField()
