"""Channels, rules and deliveries. Everybody manages channels of their own; the team's need an admin."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers
from jobs.api.parameters import PageQuery, TextParameter, WordParameter, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.services.errors import InvalidFields
from notifications.api import serializers
from notifications.models import Channel, Delivery, DeliveryState, NotificationRule
from notifications.services import channels, deliveries, rules
from teams.models import Role


class OwnView(TeamView):
    """A view of what a viewer may have too; the services ask for an admin where it is the team's."""

    role = Role.VIEWER

    def channel(self, key: str) -> Channel:
        """The channel of this id that the member sees; Http404 for any other."""
        channel: Channel = get_object_or_404(channels.visible(self.member), key=key)
        return channel


class Channels(OwnView, generics.ListAPIView[Channel]):
    """Channels."""

    serializer_class = serializers.ChannelAnswer

    def get_queryset(self) -> QuerySet[Channel]:
        """The member's and the team's."""
        if getattr(self, "swagger_fake_view", False):
            return Channel.objects.none()
        return channels.visible(self.member)

    @takes(PageQuery)
    @extend_schema(operation_id="channels_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one's own channels and the team's."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="channels_create",
        request=serializers.ChannelBody,
        responses={201: serializers.ChannelAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Make a channel. A webhook's secret is shown by `POST channels/{id}/secret/`."""
        body = request_serializers.read_body(serializers.ChannelBody, request.data)
        channel = channels.create(self.member, **body, token=self.token)
        return Response(serializers.ChannelAnswer(channel).data, status=201)


class OneChannel(OwnView):
    """One channel."""

    @extend_schema(operation_id="channels_get", responses=serializers.ChannelAnswer)
    def get(self, request: Request, channel: str) -> Response:
        """A channel and its state."""
        return Response(serializers.ChannelAnswer(self.channel(channel)).data)

    @extend_schema(
        operation_id="channels_change",
        request=serializers.ChannelChangesBody,
        responses=serializers.ChannelAnswer,
    )
    def patch(self, request: Request, channel: str) -> Response:
        """Change its name, address, digest or mute, or switch it off or on."""
        row = self.channel(channel)
        changes = request_serializers.read_body(serializers.ChannelChangesBody, request.data)
        return Response(
            serializers.ChannelAnswer(channels.change(row, self.member, changes, token=self.token)).data
        )

    @extend_schema(operation_id="channels_remove", responses={204: None})
    def delete(self, request: Request, channel: str) -> Response:
        """Remove it with its rules and its deliveries."""
        channels.remove(self.channel(channel), self.member, token=self.token)
        return Response(status=204)


class ChannelSecret(OwnView):
    """A webhook's secret."""

    @extend_schema(operation_id="channels_new_secret", request=None, responses=serializers.SecretAnswer)
    def post(self, request: Request, channel: str) -> Response:
        """Make a new secret, shown in this answer alone; for 24 hours messages are signed with the one before too."""
        secret = channels.renew_secret(self.channel(channel), self.member, token=self.token)
        return Response({"secret": secret}, headers={"Cache-Control": "no-store"})


class ChannelTest(OwnView):
    """A test of a channel."""

    @extend_schema(
        operation_id="channels_test", request=None, responses={202: serializers.DeliveryDetailAnswer}
    )
    @keyed
    def post(self, request: Request, channel: str) -> Response:
        """Send a test message; ask for the delivery to learn what became of it."""
        delivery = channels.send_test(self.channel(channel), self.member, token=self.token)
        return Response(serializers.DeliveryDetailAnswer(delivery).data, status=202)


class Rules(OwnView, generics.ListAPIView[NotificationRule]):
    """Rules."""

    serializer_class = serializers.RuleAnswer

    def get_queryset(self) -> QuerySet[NotificationRule]:
        """Those of the channels that the member sees."""
        if getattr(self, "swagger_fake_view", False):
            return NotificationRule.objects.none()
        return rules.visible_rules(self.member)

    @takes(PageQuery)
    @extend_schema(operation_id="notification_rules_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the rules of one's own channels and the team's."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="notification_rules_create",
        request=serializers.RuleBody,
        responses={201: serializers.RuleAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Send events of some kinds to a channel."""
        values = request_serializers.read_body(serializers.RuleBody, request.data)
        key = values.pop("channel")
        channel = channels.visible(self.member).filter(key=key).first()
        if channel is None:
            raise InvalidFields({"channel": ["It must be the id of one of your channels or the team's."]})
        rule = rules.create(channel, self.member, values, token=self.token)
        return Response(serializers.RuleAnswer(rule).data, status=201)


class OneRule(OwnView):
    """One rule."""

    def rule(self, pk: int) -> NotificationRule:
        """The rule of this id that the member sees; Http404 for any other."""
        rule: NotificationRule = get_object_or_404(rules.visible_rules(self.member), pk=pk)
        return rule

    @extend_schema(operation_id="notification_rules_get", responses=serializers.RuleAnswer)
    def get(self, request: Request, rule_pk: int) -> Response:
        """A rule."""
        return Response(serializers.RuleAnswer(self.rule(rule_pk)).data)

    @extend_schema(
        operation_id="notification_rules_change",
        request=serializers.RuleChangesBody,
        responses=serializers.RuleAnswer,
    )
    def patch(self, request: Request, rule_pk: int) -> Response:
        """Change its kinds or conditions."""
        rule = self.rule(rule_pk)
        changes = request_serializers.read_body(serializers.RuleChangesBody, request.data)
        return Response(
            serializers.RuleAnswer(rules.change(rule, self.member, changes, token=self.token)).data
        )

    @extend_schema(operation_id="notification_rules_remove", responses={204: None})
    def delete(self, request: Request, rule_pk: int) -> Response:
        """Remove it."""
        rules.remove(self.rule(rule_pk), self.member, token=self.token)
        return Response(status=204)


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    channel = TextParameter(most=40, help_text="A channel's id.")
    state = WordParameter(DeliveryState.values, help_text="Only those in this state.")


class Deliveries(OwnView, generics.ListAPIView[Delivery]):
    """Deliveries."""

    serializer_class = serializers.DeliveryAnswer

    def get_queryset(self) -> QuerySet[Delivery]:
        """Those of the channels that the member sees."""
        if getattr(self, "swagger_fake_view", False):
            return Delivery.objects.none()
        rows = deliveries.visible_deliveries(self.member)
        if key := self.words.get("channel"):
            rows = rows.filter(channel__key=key)
        return rows.filter(state=self.words["state"]) if self.words.get("state") else rows

    @takes(DeliveryQuery)
    @extend_schema(operation_id="deliveries_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List messages, newest first; they are stored for 30 days."""
        return super().get(request, *args, **kwargs)


class OneDelivery(OwnView):
    """One delivery."""

    def delivery(self, key: str) -> Delivery:
        """The delivery of this id that the member sees; Http404 for any other."""
        delivery: Delivery = get_object_or_404(deliveries.visible_deliveries(self.member), key=key)
        return delivery

    @extend_schema(operation_id="deliveries_get", responses=serializers.DeliveryDetailAnswer)
    def get(self, request: Request, delivery: str) -> Response:
        """A message with what was sent, and how each try was answered."""
        return Response(serializers.DeliveryDetailAnswer(self.delivery(delivery)).data)


class Redeliver(OneDelivery):
    """A delivery again."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="deliveries_redeliver", request=None, responses={202: serializers.DeliveryDetailAnswer}
    )
    @keyed
    def post(self, request: Request, delivery: str) -> Response:
        """Send it again now, under the same webhook-id."""
        row = deliveries.redeliver(self.delivery(delivery), self.member, token=self.token)
        return Response(serializers.DeliveryDetailAnswer(row).data, status=202)
