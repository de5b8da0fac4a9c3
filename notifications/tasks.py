"""Celery tasks: each does one step, and may be delivered twice or never; the rows say what is due."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task

from jobs.models import Lease
from jobs.tasks import enqueue
from notifications.lifecycle import collecting, digests, forgetting, sending

log = structlog.get_logger(__name__)

#: One worker sends at a time, so that slow receivers leave the others to jobs. Longer than a task may run.
SENDING_LEASE = timedelta(seconds=60)


@shared_task
def reconcile() -> None:
    """Look for events whose messages were lost, and for messages that are due."""
    count = collecting.collect()
    if count:
        log.info("notifications_written", messages=count)
    if digests.is_anything_due() or sending.waiting().exists():
        enqueue(send_messages)


@shared_task
def send_messages() -> None:
    """Send what is due, unless another worker does."""
    lease = Lease.claim("notifications", SENDING_LEASE)
    if lease is None:
        return
    try:
        digests.combine_due()
        sending.send_due()
    finally:
        lease.release()


@shared_task
def forget() -> None:
    """Delete old messages."""
    forgetting.forget()
