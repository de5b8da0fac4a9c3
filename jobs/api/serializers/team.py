"""Who is in the team, and what was done in it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from teams.models import Role


class MemberAnswer(serializers.Serializer[Any]):
    """A person in the team; `since` is when they were added."""

    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.label")
    role = serializers.ChoiceField(choices=Role.choices)
    since = serializers.DateTimeField(source="created_at")


class ActivityAnswer(serializers.Serializer[Any]):
    """One act: `username` and `token` are null where there is none, `who` says why; `kind`, `id` and `name` are what
    it was done to.
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
