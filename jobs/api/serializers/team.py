"""Members and activity of a team."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from teams.models import Role


class MemberAnswer(serializers.Serializer[Any]):
    """A member of the team; `since` is when they were added."""

    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.label")
    role = serializers.ChoiceField(choices=Role.choices)
    since = serializers.DateTimeField(source="created_at")


class ActivityAnswer(serializers.Serializer[Any]):
    """One act: `username` and `token` are null if there is none, and `who` says who it was; `kind`, `id` and `name` are
    of the object.
    """

    at = serializers.DateTimeField()
    who = serializers.CharField()
    username = serializers.CharField(source="user.username", default=None, allow_null=True)
    token = serializers.CharField(source="token.name", default=None, allow_null=True)
    verb = serializers.CharField()
    kind = serializers.CharField(source="object_kind")
    id = serializers.CharField(source="object_id")
    name = serializers.CharField(source="object_label")
    detail = serializers.DictField()
