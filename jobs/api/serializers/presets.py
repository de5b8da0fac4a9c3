"""Presets, and what a job has other than its preset."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from jobs.models import Preset


class PresetAnswer(serializers.ModelSerializer[Preset]):
    """A saved request: `body` as `POST jobs/` takes it, `rules` for the fields that are locked or hidden.

    `is_default`: Run on its model's page begins with it. `gone` is a sentence where its model is no longer there, else
    empty.
    """

    body = serializers.DictField()
    rules = serializers.DictField(child=serializers.ChoiceField(choices=["locked", "hidden"]))
    is_default = serializers.BooleanField(read_only=True)
    gone = serializers.CharField(read_only=True)
    created_by = serializers.SerializerMethodField()

    class Meta:
        model = Preset
        fields = [
            "slug",
            "name",
            "description",
            "body",
            "rules",
            "is_default",
            "gone",
            "created_by",
            "created_at",
            "changed_at",
        ]

    def get_created_by(self, preset: Preset) -> str:
        """Its maker's user name; empty once the person is gone."""
        return preset.created_by.get_username() if preset.created_by else ""


class DifferenceAnswer(serializers.Serializer[Any]):
    """A field that the job has other than its preset had it then; null where one of them does not give it."""

    field = serializers.CharField()
    preset = serializers.JSONField(allow_null=True)
    job = serializers.JSONField(allow_null=True)
    locked = serializers.BooleanField()
