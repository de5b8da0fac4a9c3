"""Members and activity of a team."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from teams.activity_export import fields_of
from teams.models import Activity, ApiToken, Role


class TokenAnswer(serializers.Serializer[Any]):
    """The token of a request, told apart by its `name` and the first letters of its secret."""

    name = serializers.CharField(allow_blank=True)
    prefix = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Null if it is valid without an end.")


class ApiTokenAnswer(serializers.ModelSerializer[ApiToken]):
    """An API token without its secret, of which `prefix` has the first letters."""

    owner = serializers.CharField(source="user.username")
    role = serializers.ChoiceField(
        choices=Role.choices, allow_blank=True, help_text="The most it may do; empty: what its owner may."
    )

    class Meta:
        model = ApiToken
        fields = (
            "id", "name", "owner", "role", "prefix", "created_at", "expires_at", "last_used_at", "last_used_from",
            "revoked_at",
        )  # fmt: skip
        read_only_fields = fields


class NewTokenAnswer(serializers.Serializer[Any]):
    """A token that was made; the secret is shown this once, and null for a request that was repeated."""

    id = serializers.IntegerField(source="token.pk")
    name = serializers.CharField(source="token.name")
    owner = serializers.CharField(source="token.user.username")
    role = serializers.ChoiceField(source="token.role", choices=Role.choices)
    expires_at = serializers.DateTimeField(source="token.expires_at", allow_null=True)
    secret = serializers.CharField(allow_null=True)


class MemberAnswer(serializers.Serializer[Any]):
    """A member of the team; `since` is when they were added."""

    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.label")
    role = serializers.ChoiceField(choices=Role.choices)
    since = serializers.DateTimeField(source="created_at")


class MeAnswer(serializers.Serializer[Any]):
    """Who asks: the person, their team and role there, and the token; `role` is what this request may do."""

    username = serializers.CharField(source="member.user.username")
    name = serializers.CharField(source="member.user.label")
    team = serializers.CharField(source="member.team.slug")
    team_name = serializers.CharField(source="member.team.name")
    role = serializers.ChoiceField(source="member.role", choices=Role.choices)
    token = TokenAnswer(allow_null=True, help_text="Null for a signed-in browser.")


class ActivityAnswer(serializers.Serializer[Any]):
    """One act: `username` and `token` are null if there is none, and `who` says who it was; `kind`, `id` and `name` are
    of the object. `changes` has by field the value before (`from`) and after (`to`).
    """

    at = serializers.DateTimeField()
    who = serializers.CharField()
    username = serializers.CharField(allow_null=True)
    token = serializers.CharField(allow_null=True)
    verb = serializers.CharField()
    kind = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.DictField()
    changes = serializers.DictField(child=serializers.DictField(), help_text="Secrets are not part of it.")
    address = serializers.CharField(allow_null=True, help_text="Where the request came from.")
    request_id = serializers.CharField(allow_blank=True, help_text="Its X-Request-ID.")

    def to_representation(self, act: Activity) -> dict[str, Any]:
        """The fields of an act, as its line of JSON Lines has them."""
        answer: dict[str, Any] = super().to_representation(fields_of(act))
        return answer
