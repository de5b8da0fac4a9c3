"""Registered models."""

from __future__ import annotations

from rest_framework import serializers

from jobs.models import RegisteredModel


class ModelAnswer(serializers.ModelSerializer[RegisteredModel]):
    """A registered model."""

    connection = serializers.CharField(source="connection.slug")
    image = serializers.CharField()
    model_data = serializers.CharField()
    env = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = RegisteredModel
        fields = [
            "id", "name", "connection", "image", "model_data", "env", "execution_role_arn",
            "containers", "arn", "description", "created_at",
        ]  # fmt: skip
