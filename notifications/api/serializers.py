"""Bodies and answers. No answer but that of a new secret holds a secret."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.api.body_fields import JsonFlag, JsonText, one_sentence
from notifications.filters import WORDS
from notifications.kinds import EVENT_KINDS
from notifications.models import (
    Channel,
    ChannelKind,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    NotificationRule,
)
from notifications.services.channels import MOST_DIGEST, NAME_LENGTH
from notifications.services.rules import MOST_MINUTES, MOST_USD

_KINDS = [kind.word for kind in EVENT_KINDS]
_ABOUT_WORDS = {
    "connection": "The connection's slug; empty for all.",
    "model": "The model's name; empty for all.",
    "preset": "The slug of the preset that a job began with; empty for all.",
    "tag": "`key` or `key=value`; empty for all.",
    "owner": "Who submitted it: a user name, or `me` for a channel of one's own; empty for everybody.",
    "deployment": "A deployment's slug, or `deployment/stage`; empty for all.",
}


def _text(help_text: str, most: int, **options: Any) -> JsonText:
    sentence = f"It must be a text of at most {most:,} characters."
    return JsonText(help_text=help_text, max_length=most, error_messages=one_sentence(sentence), **options)


class ChannelAnswer(serializers.ModelSerializer[Channel]):
    """A channel. `owner` is null for one of the team. `address` of a Slack webhook has the host alone."""

    id = serializers.CharField(source="key")
    owner = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    address = serializers.CharField(source="shown_address")
    is_on = serializers.BooleanField()
    failures = serializers.IntegerField(help_text="Failed tries since the last success.")

    class Meta:
        model = Channel
        fields = [
            "id",
            "kind",
            "name",
            "owner",
            "address",
            "digest_minutes",
            "muted_until",
            "is_on",
            "disabled_reason",
            "failures",
            "retry_at",
            "last_sent_at",
            "created_at",
        ]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_owner(self, channel: Channel) -> str | None:
        """The owner's user name."""
        return channel.owner.get_username() if channel.owner else None


class SecretAnswer(serializers.Serializer[Any]):
    """A webhook's new secret, shown this once."""

    secret = serializers.CharField()


class ChannelBody(serializers.Serializer[Any]):
    """A new channel: one's own, or the team's."""

    kind = serializers.ChoiceField(
        choices=ChannelKind.choices,
        error_messages=one_sentence(f"It must be one of {', '.join(ChannelKind.values)}."),
    )
    name = _text("As people call it.", NAME_LENGTH)
    address = _text("A URL, or for e-mail a mail address.", 2048, required=False, allow_blank=True)
    for_team = JsonFlag(default=False, help_text="Make it the team's; admins only.")
    digest_minutes = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_DIGEST,
        help_text="At most one message in so many minutes; 0 sends each event by itself.",
    )


class ChannelChangesBody(serializers.Serializer[Any]):
    """What of a channel is to be changed; what is left out stays."""

    name = _text("As people call it.", NAME_LENGTH, required=False)
    address = _text("A URL, or for e-mail a mail address.", 2048, required=False, allow_blank=True)
    digest_minutes = serializers.IntegerField(required=False, min_value=0, max_value=MOST_DIGEST)
    muted_until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Events before then are not sent."
    )
    is_on = JsonFlag(required=False, help_text="Switch it off, or on again.")


class RuleAnswer(serializers.ModelSerializer[NotificationRule]):
    """A rule. An empty text, or null, leaves that condition out."""

    channel = serializers.CharField(source="channel.key")
    kinds = serializers.ListField(child=serializers.CharField())
    longer_than_minutes = serializers.IntegerField(allow_null=True)
    costs_over_usd = serializers.FloatField(allow_null=True)

    class Meta:
        model = NotificationRule
        fields: ClassVar = ["id", "channel", "kinds", "longer_than_minutes", "costs_over_usd", "created_at"]

    def get_fields(self) -> dict[str, Any]:
        """The fields above, and the words of the filter."""
        words = {
            word: serializers.CharField(
                source=f"filter.{word}", read_only=True, default="", help_text=_ABOUT_WORDS[word]
            )
            for word in WORDS
        }
        return {**super().get_fields(), **words}


class RuleChangesBody(serializers.Serializer[Any]):
    """What of a rule is to be changed; what is left out stays."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(
            choices=_KINDS, error_messages=one_sentence(f"It must be one of {', '.join(_KINDS)}.")
        ),
        required=False,
        allow_empty=False,
        help_text="Which events.",
    )
    longer_than_minutes = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MOST_MINUTES,
        help_text="Only jobs that ran longer.",
    )
    costs_over_usd = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=float(MOST_USD),
        help_text="Only jobs whose known cost is more.",
    )

    def get_fields(self) -> dict[str, Any]:
        """The fields above, and the words of the filter."""
        words = {word: _text(_ABOUT_WORDS[word], 400, required=False, allow_blank=True) for word in WORDS}
        return {**super().get_fields(), **words}


class RuleBody(RuleChangesBody):
    """A new rule of a channel."""

    channel = _text("A channel's id.", 40)

    def get_fields(self) -> dict[str, Any]:
        """The fields of changes, of which `kinds` is required."""
        fields = super().get_fields()
        fields["kinds"].required = True
        return fields


class DeliveryAnswer(serializers.ModelSerializer[Delivery]):
    """A message to a channel. `kind` is that of the event, `digest` or `test`."""

    id = serializers.CharField(source="key")
    channel = serializers.CharField(source="channel.key")
    state = serializers.ChoiceField(choices=DeliveryState.choices)

    class Meta:
        model = Delivery
        fields = ["id", "channel", "kind", "title", "state", "tries", "next_try_at", "created_at", "ended_at"]


class DeliveryAttemptAnswer(serializers.ModelSerializer[DeliveryAttempt]):
    """A try. `code` is the HTTP status, null if none came; `answer` the first 1,024 characters of the body."""

    class Meta:
        model = DeliveryAttempt
        fields = ["at", "seconds", "code", "answer", "problem"]


class DeliveryDetailAnswer(DeliveryAnswer):
    """A message with what was sent, and each try. `digest` is the id of the message that it was sent within."""

    payload = serializers.SerializerMethodField()
    digest = serializers.CharField(source="digest.key", default=None, allow_null=True)
    attempts = DeliveryAttemptAnswer(many=True)

    class Meta(DeliveryAnswer.Meta):
        fields = [*DeliveryAnswer.Meta.fields, "digest", "payload", "attempts"]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_payload(self, delivery: Delivery) -> dict[str, Any]:
        """The JSON of a webhook: type, timestamp and data."""
        return dict(delivery.payload)
