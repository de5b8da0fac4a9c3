"""Connections and their limits."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.models import Connection


class ConnectionAnswer(serializers.ModelSerializer[Connection]):
    """A connection; `last_error` is empty while calls succeed, a limit null where there is none."""

    endpoint_url = serializers.CharField(help_text="Of an engine; empty for AWS.")
    max_instances_per_type = serializers.DictField(child=serializers.IntegerField())
    allowed_places = serializers.ListField(child=serializers.CharField())
    allowed_models = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Connection
        fields = [
            "slug", "name", "kind", "region", "endpoint_url", "role_arn", "account_id", "import_external",
            "max_running", "max_instances", "max_instances_per_type", "engine_key", "allowed_places", "allowed_models",
            "queue_url", "queue_read_at", "queue_error", "checked_at", "last_ok_at", "last_error", "created_at",
        ]  # fmt: skip


class LimitAnswer(serializers.Serializer[Any]):
    """A limit that holds: `most` is null without one, `quota` the account's even where another was set by hand."""

    what = serializers.CharField()
    instance_type = serializers.CharField(allow_blank=True)
    most = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    by_hand = serializers.BooleanField()
    quota = serializers.IntegerField(allow_null=True)


class LimitsAnswer(serializers.Serializer[Any]):
    """The limits of a connection; instance types with a quota of 0 are only counted, as `forbidden`."""

    results = LimitAnswer(many=True, source="rows")
    forbidden = serializers.IntegerField()
    read_at = serializers.DateTimeField(source="quotas.read_at", default=None, allow_null=True)
    problem = serializers.CharField(source="quotas.problem", default="", allow_blank=True)


class TestLineAnswer(serializers.Serializer[Any]):
    """One call of a test: the IAM action, what it is needed for, what came of it and what was said."""

    service = serializers.CharField()
    action = serializers.CharField()
    use = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["fine", "denied", "unreachable", "not needed"])
    says = serializers.CharField(allow_blank=True)
    resource = serializers.CharField(help_text="The ARN that a policy would name.")


class TestAnswer(serializers.Serializer[Any]):
    """What a connection can do; `policy` is an IAM policy for what is denied, as JSON text, empty if nothing is."""

    account = serializers.CharField(allow_blank=True)
    lines = TestLineAnswer(many=True)
    policy = serializers.CharField(allow_blank=True)
