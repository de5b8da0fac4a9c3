"""Connections and their limits."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import Connection
from jobs.services.connections import permissions


class ConnectionAnswer(serializers.ModelSerializer[Connection]):
    """A connection; `last_error` is empty while calls succeed, a limit is null if there is none."""

    endpoint_url = serializers.CharField(help_text="Of an engine; empty for AWS.")
    max_instances_per_type = serializers.DictField(child=serializers.IntegerField())
    allowed_places = serializers.ListField(child=serializers.CharField())
    allowed_models = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Connection
        fields = [
            "slug", "name", "kind", "region", "endpoint_url", "role_arn", "account_id", "import_external",
            "max_running", "max_instances", "max_instances_per_type", "engine_key", "allowed_places", "allowed_models",
            "allow_deletes", "viewers_read_data", "queue_url", "queue_read_at", "queue_error", "checked_at",
            "last_ok_at", "last_error", "created_at",
        ]  # fmt: skip


class LimitAnswer(serializers.Serializer[Any]):
    """A limit: `most` is null if there is none; `quota` is the account's, even if a limit was set by hand."""

    what = serializers.CharField()
    instance_type = serializers.CharField(allow_blank=True)
    most = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField()
    by_hand = serializers.BooleanField()
    quota = serializers.IntegerField(allow_null=True)


class LimitsAnswer(serializers.Serializer[Any]):
    """The limits of a connection; `forbidden` counts the instance types with a quota of 0."""

    results = LimitAnswer(many=True, source="rows")
    forbidden = serializers.IntegerField()
    read_at = serializers.DateTimeField(source="quotas.read_at", default=None, allow_null=True)
    problem = serializers.CharField(source="quotas.problem", default="", allow_blank=True)


class TestLineAnswer(serializers.Serializer[Any]):
    """One call of a test: the IAM action, what it is needed for, its outcome and the error's sentence."""

    service = serializers.CharField()
    action = serializers.CharField()
    use = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["fine", "denied", "unreachable", "not needed"])
    says = serializers.CharField(allow_blank=True)
    resource = serializers.CharField(help_text="The ARN that a policy would name.")


class TestAnswer(serializers.Serializer[Any]):
    """The result of a test; `policy` is an IAM policy that allows the denied calls, as JSON text, or empty."""

    account = serializers.CharField(allow_blank=True)
    lines = TestLineAnswer(many=True)
    policy = serializers.CharField(allow_blank=True)


class NewConnectionAnswer(ConnectionAnswer):
    """A connection that was added, and the result of its first test."""

    test = serializers.SerializerMethodField()

    class Meta(ConnectionAnswer.Meta):
        fields = [*ConnectionAnswer.Meta.fields, "test"]

    @extend_schema_field(TestAnswer)
    def get_test(self, connection: Connection) -> dict[str, Any]:
        """What each call answered."""
        return dict(TestAnswer(permissions.last(connection)).data)
