"""Channels: make, change, test, remove; and the secret of a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jobs.services.errors import InvalidFields, NotPossible
from jobs.tasks import enqueue
from notifications.kinds import TEST
from notifications.lifecycle.sending import switch_off
from notifications.lifecycle.signing import new_webhook_secret
from notifications.lifecycle.targets import BadTarget, parse_url
from notifications.models import Channel, ChannelKind, Delivery, DeliveryState
from notifications.tasks import send_messages
from notifications.texts import absolute, iso
from teams import activity
from teams.access import require
from teams.act_changes import Values
from teams.mailing import NOT_SET_UP
from teams.models import ApiToken, Membership, Role
from teams.names import trouble_with_name

NAME_LENGTH = 80
#: Channels of one person in a team, and of a team.
MOST = 25
#: The longest digest, a day, and the longest mute, a year.
MOST_DIGEST = 1440
LONGEST_MUTE = timedelta(days=366)
#: How long a message also has the signature of the secret before.
TWO_SECRETS = timedelta(hours=24)
#: Fields that can be changed later.
CHANGEABLE = ("name", "address", "digest_minutes", "muted_until", "is_on")
#: Minutes of a digest where none are given: people are not flooded, programs get every event.
DEFAULT_DIGEST = {ChannelKind.EMAIL: 5, ChannelKind.SLACK: 5, ChannelKind.WEBHOOK: 0, ChannelKind.BROWSER: 0}


def visible(member: Membership) -> QuerySet[Channel]:
    """The member's own channels and the team's."""
    return Channel.objects.visible_to(member).select_related("owner", "team", "created_by")


def create(
    member: Membership,
    *,
    kind: object,
    name: object,
    address: object = "",
    for_team: bool = False,
    digest_minutes: object = None,
    token: ApiToken | None = None,
) -> Channel:
    """Make a channel: the member's own, or with `for_team` the team's, which needs an admin.

    A webhook's secret is in the row's `secret`; show it this once. Raises InvalidFields and PermissionDenied.
    """
    if for_team:
        require(member, Role.ADMIN)
    if kind not in ChannelKind.values:
        raise InvalidFields({"kind": [f"It must be one of {', '.join(ChannelKind.values)}."]})
    channel = Channel(
        team=member.team,
        owner=None if for_team else member.user,
        kind=ChannelKind(kind),
        created_by=member.user,
        digest_minutes=DEFAULT_DIGEST[ChannelKind(kind)],
    )
    values = {"name": name, "address": address}
    if digest_minutes is not None:
        values["digest_minutes"] = digest_minutes
    problems = _problems(channel, values) | _kind_problems(channel)
    if problems:
        raise InvalidFields(problems)
    _fill(channel, values)
    if channel.kind == ChannelKind.WEBHOOK:
        channel.secret = new_webhook_secret()
    with transaction.atomic():
        if Channel.objects.filter(team=member.team, owner=channel.owner).count() >= MOST:
            raise InvalidFields({"name": [f"There are {MOST} channels already; remove one first."]})
        channel.save()
        _tell(channel, member, "channel.created", token)
    return channel


def change(
    channel: Channel, member: Membership, changes: Mapping[str, Any], *, token: ApiToken | None = None
) -> Channel:
    """Change fields of CHANGEABLE; `is_on` switches it off or on again. Raises InvalidFields and PermissionDenied."""
    check_change(channel, member)
    problems = {name: [f"It cannot be changed; {', '.join(CHANGEABLE)} can."] for name in changes}
    problems = {name: texts for name, texts in problems.items() if name not in CHANGEABLE}
    problems |= _problems(channel, changes)
    if problems:
        raise InvalidFields(problems)
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel.pk)
        before = activity.values_of(channel)
        if "address" in changes and changes["address"] != channel.address:
            channel.failures, channel.retry_at = 0, None
        _fill(channel, changes)
        if changes.get("is_on") is True and channel.disabled_at is not None:
            channel.disabled_at, channel.disabled_reason, channel.on_since = None, "", timezone.now()
            channel.failures, channel.retry_at = 0, None
        channel.save()
        if changes.get("is_on") is False and channel.disabled_at is None:
            switch_off(channel, f"{member.user.label} switched it off.")
        _tell(channel, member, "channel.changed", token, before)
    channel.refresh_from_db()
    return channel


def remove(channel: Channel, member: Membership, *, token: ApiToken | None = None) -> None:
    """Remove a channel with its rules and its log. Raises PermissionDenied."""
    check_change(channel, member)
    with transaction.atomic():
        _tell(channel, member, "channel.removed", token)
        channel.delete()


def renew_secret(channel: Channel, member: Membership, *, token: ApiToken | None = None) -> str:
    """Make a new secret for a webhook and return it. For a day messages are signed with both.

    Raises NotPossible for a channel without a secret, and PermissionDenied.
    """
    check_change(channel, member)
    if channel.kind != ChannelKind.WEBHOOK:
        raise NotPossible("Only webhooks have a secret.")
    secret = new_webhook_secret()
    with transaction.atomic():
        row = Channel.objects.select_for_update().get(pk=channel.pk)
        row.former_secret, row.former_secret_until = row.secret, timezone.now() + TWO_SECRETS
        row.secret = secret
        row.save(update_fields=["secret", "former_secret", "former_secret_until"])
        _tell(channel, member, "channel.secret_renewed", token)
    return secret


def send_test(channel: Channel, member: Membership, *, token: ApiToken | None = None) -> Delivery:
    """Send a test message, whatever the rules, digest and mute are. Raises NotPossible and PermissionDenied."""
    check_change(channel, member)
    if not channel.is_on:
        raise NotPossible("The channel is off; switch it on first.")
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        unsent = channel.deliveries.filter(
            kind=TEST, state__in=[DeliveryState.WAITING, DeliveryState.SENDING]
        )
        if unsent.exists():
            raise NotPossible("A test is on its way already.")
        title = f"A test from Batchdeck to {channel.name}"
        data = {
            "title": title,
            "reason": f"{member.user.label} sent it. Messages arrive.",
            "url": absolute(channel.get_absolute_url()),
        }
        payload = {"type": TEST, "timestamp": iso(timezone.now()), "data": data}
        delivery = Delivery.objects.create(
            team=channel.team, channel=channel, kind=TEST, title=title, payload=payload
        )
        _tell(channel, member, "channel.tested", token)
        enqueue(send_messages)
    return delivery


def check_change(channel: Channel, member: Membership) -> None:
    """Raise PermissionDenied unless the member may change the channel."""
    if not channel.may_be_changed_by(member):
        require(member, Role.ADMIN)


def browser_channel(member: Membership, *, token: ApiToken | None = None) -> Channel:
    """The member's channel for browsers, made now if there is none."""
    row = Channel.objects.filter(team=member.team, owner=member.user, kind=ChannelKind.BROWSER).first()
    return row or create(member, kind=ChannelKind.BROWSER, name="Browser", token=token)


def _kind_problems(channel: Channel) -> dict[str, list[str]]:
    if channel.kind == ChannelKind.EMAIL and not settings.EMAIL_IS_SET_UP:
        return {"kind": [NOT_SET_UP]}
    if channel.kind == ChannelKind.BROWSER:
        if channel.owner is None:
            return {"kind": ["A browser is a person's; the team cannot have one."]}
        if Channel.objects.filter(team=channel.team, owner=channel.owner, kind=ChannelKind.BROWSER).exists():
            return {"kind": ["You have this channel already."]}
    return {}


def _problems(channel: Channel, values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Problems of these values by field."""
    problems: dict[str, list[str]] = {}
    if "name" in values and (trouble := trouble_with_name(values["name"], NAME_LENGTH)):
        problems["name"] = [trouble]
    if "address" in values and (problem := _address_problem(ChannelKind(channel.kind), values["address"])):
        problems["address"] = [problem]
    if "digest_minutes" in values and not _is_whole(values["digest_minutes"], MOST_DIGEST):
        problems["digest_minutes"] = [f"It must be a whole number from 0 to {MOST_DIGEST:,}."]
    if "muted_until" in values and not _is_mute(values["muted_until"]):
        problems["muted_until"] = ["It must be a time within a year from now, or null."]
    if "is_on" in values and not isinstance(values["is_on"], bool):
        problems["is_on"] = ["It must be true or false."]
    return problems


def _address_problem(kind: ChannelKind, address: object) -> str:
    if not isinstance(address, str):
        return "It must be a text."
    if kind == ChannelKind.BROWSER:
        return "" if not address else "A browser has no address."
    if kind == ChannelKind.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            return "It must be a mail address such as ana@example.com."
        return "" if len(address) <= 254 else "It must be at most 254 characters."
    try:
        parse_url(address)
    except BadTarget as error:
        return str(error)
    return ""


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_mute(value: object) -> bool:
    if value is None:
        return True
    now = timezone.now()
    return isinstance(value, datetime) and timezone.is_aware(value) and value <= now + LONGEST_MUTE


def _fill(channel: Channel, values: Mapping[str, Any]) -> None:
    for name in ("address", "digest_minutes", "muted_until"):
        if name in values:
            setattr(channel, name, values[name])
    if "name" in values:
        channel.name = values["name"].strip()


def _tell(
    channel: Channel, member: Membership, verb: str, token: ApiToken | None, before: Values | None = None
) -> None:
    detail: dict[str, object] = {
        "kind": channel.kind,
        "of": "the team" if channel.owner_id is None else "a person",
    }
    activity.record(channel.team, member.user, verb, channel, token=token, detail=detail, before=before)
