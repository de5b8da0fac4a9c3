"""Deletes messages and events that nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from notifications.models import Delivery, NotificationEvent

#: How long messages are stored: far longer than the last try takes.
STORED_FOR = timedelta(days=30)
#: Rows of one round.
AT_ONCE = 2000


def forget() -> int:
    """Delete some of the messages and events that are older than STORED_FOR; returns the number of rows."""
    before = timezone.now() - STORED_FOR
    count = 0
    for rows in (
        Delivery.objects.filter(created_at__lt=before),
        NotificationEvent.objects.filter(at__lt=before),
    ):
        old = list(rows.order_by("id").values_list("pk", flat=True)[:AT_ONCE])
        count += rows.model.objects.filter(pk__in=old).delete()[0]
    return count
