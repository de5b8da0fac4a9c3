"""The log of messages: what was sent to a channel, how it was answered, and sending it again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jobs.services.errors import NotPossible
from jobs.tasks import enqueue
from notifications.models import Channel, ChannelKind, Delivery, DeliveryState
from notifications.services.channels import check_change, visible
from notifications.tasks import send_messages
from notifications.texts import message_text
from teams import activity
from teams.models import ApiToken, Membership

_OVER = [DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.COMBINED, DeliveryState.MUTED]
#: Messages that a page fetches at once.
NEWS = 20


def visible_deliveries(member: Membership) -> QuerySet[Delivery]:
    """The messages of the channels that the member sees, newest first."""
    rows = Delivery.objects.for_team(member.team).filter(channel__in=visible(member))
    return rows.select_related("channel__owner", "team", "digest").order_by("-id")


def redeliver(delivery: Delivery, member: Membership, *, token: ApiToken | None = None) -> Delivery:
    """Send a message again now, with the same webhook-id. Raises NotPossible and PermissionDenied."""
    check_change(delivery.channel, member)
    if not delivery.channel.is_on:
        raise NotPossible("The channel is off; switch it on first.")
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state__in=_OVER)
        values = {"tries": 0, "alone": True, "next_try_at": timezone.now(), "ended_at": None, "digest": None}
        if not rows.update(state=DeliveryState.WAITING, **values):
            raise NotPossible("It is being sent already.")
        # What is asked for by hand does not wait until a channel's next try.
        Channel.objects.filter(pk=delivery.channel_id).update(retry_at=None)
        activity.record(delivery.team, member.user, "delivery.repeated", delivery, token=token)
        enqueue(send_messages)
    delivery.refresh_from_db()
    return delivery


def browser_news(member: Membership, after: int) -> list[dict[str, object]]:
    """The member's browser messages with ids above `after`, oldest first; they count as delivered then."""
    rows = Delivery.objects.filter(
        channel__team=member.team, channel__owner=member.user, channel__kind=ChannelKind.BROWSER, pk__gt=after
    ).exclude(state=DeliveryState.MUTED)
    news = list(rows.order_by("-id")[:NEWS])[::-1]
    unread = [row.pk for row in news if row.state == DeliveryState.WAITING]
    if unread:
        Delivery.objects.filter(pk__in=unread, state=DeliveryState.WAITING).update(
            state=DeliveryState.DELIVERED, ended_at=timezone.now(), next_try_at=None
        )
    return [
        {
            "id": row.pk,
            "title": row.title,
            "text": "\n".join(message_text(row.payload).lines[:3]),
            "path": row.event.path if row.event else row.get_absolute_url(),
        }
        for row in news
    ]


def newest_browser_id(member: Membership) -> int:
    """The id from which a page that is opened now looks for news."""
    rows = Delivery.objects.filter(channel__team=member.team, channel__owner=member.user)
    return rows.order_by("-id").values_list("pk", flat=True).first() or 0
