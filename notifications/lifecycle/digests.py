"""Combines the messages of a channel that takes one in some minutes: the first goes at once, later ones together."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from jobs.clock import due, has_passed, is_due
from notifications.kinds import DIGEST
from notifications.lifecycle.sending import LONGEST_CHANNEL_PAUSE, LONGEST_PAUSE
from notifications.models import Channel, ChannelKind, Delivery, DeliveryState
from notifications.texts import digest_data, iso

#: The most messages of one digest.
MOST = 1000


def combine_due() -> int:
    """Make a message of what waits, for each channel whose time has come; returns the number of messages."""
    return sum(_combine(channel.pk) for channel in _due_channels())


def is_anything_due() -> bool:
    """Whether `combine_due` would make a message."""
    return bool(_due_channels())


def _due_channels() -> list[Channel]:
    untried = _untried(Delivery.objects.filter(channel__digest_minutes__gt=0, channel__disabled_at=None))
    channel_ids = untried.order_by().values_list("channel", flat=True).distinct()
    channels = Channel.objects.filter(pk__in=list(channel_ids)).exclude(kind=ChannelKind.BROWSER)
    return [channel for channel in channels if _is_time(channel)]


def _is_time(channel: Channel) -> bool:
    pause = timedelta(minutes=channel.digest_minutes)
    if channel.retry_at is not None and not is_due(channel.retry_at, LONGEST_CHANNEL_PAUSE):
        return False
    return channel.last_sent_at is None or has_passed(channel.last_sent_at, pause)


def _untried(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.filter(
        due("next_try_at", LONGEST_PAUSE),
        state=DeliveryState.WAITING,
        tries=0,
        event__isnull=False,
        alone=False,
    )


def _combine(channel_id: int) -> int:
    with transaction.atomic():
        # Of two workers one finds nothing.
        channel = Channel.objects.select_for_update().get(pk=channel_id)
        parts = list(_untried(channel.deliveries.all()).order_by("id")[:MOST])
        if not parts or not _is_time(channel):
            return 0
        now = timezone.now()
        Channel.objects.filter(pk=channel_id).update(last_sent_at=now)
        if len(parts) == 1:
            return Delivery.objects.filter(pk=parts[0].pk).update(alone=True)
        path = f"{reverse('deliveries')}?channel={channel.key}"
        data = digest_data([part.payload for part in parts], path)
        digest = Delivery.objects.create(
            team_id=channel.team_id,
            channel=channel,
            kind=DIGEST,
            title=data["title"],
            payload={"type": DIGEST, "timestamp": iso(now), "data": data},
        )
        Delivery.objects.filter(pk__in=[part.pk for part in parts]).update(
            state=DeliveryState.COMBINED, digest=digest, ended_at=now, next_try_at=None
        )
        return 1
