"""A connection's queue of events: it makes jobs be looked at at once, and the poll remains the truth.

A lost, late or false event costs nothing but time: whatever it says, SageMaker is asked.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from aws import GatewayError, Target, feed
from aws.feed import StateChange
from jobs.lifecycle.aws_session import target_of
from jobs.lifecycle.queue.capacity import neighbours
from jobs.models import Connection, Lease, TransformJob
from jobs.states import REMOTE

#: Seconds that the queue may take to hand out a first message, and that one reading may last.
WAIT = 1
SECONDS = 5.0
#: One worker reads a queue at a time. After a failure nobody does until the lease has ended.
LEASE = timedelta(seconds=30)


@dataclass(slots=True)
class Heard:
    """Names of changed jobs, by the connection that is to look at them; or why the queue could not be read."""

    jobs: dict[int, list[str]] = field(default_factory=dict)
    messages: int = 0
    problem: str = ""


def connections() -> list[int]:
    """Connections that name a queue."""
    return list(Connection.objects.exclude(queue_url="").values_list("pk", flat=True))


def read(connection_id: int) -> Heard:
    """Take what is in the queue, unless another task is doing so."""
    heard = Heard()
    connection = Connection.objects.filter(pk=connection_id).exclude(queue_url="").first()
    lease = Lease.claim(f"queue-{connection_id}", LEASE) if connection is not None else None
    if connection is None or lease is None:
        return heard
    try:
        changes = _taken(connection, heard)
    except GatewayError as error:
        heard.problem = error.sentence
        Connection.objects.filter(pk=connection.pk).update(queue_error=error.sentence)
        return heard
    lease.release()
    Connection.objects.filter(pk=connection.pk).update(queue_error="", queue_read_at=timezone.now())
    heard.jobs = _whose(connection, changes)
    return heard


def _taken(connection: Connection, heard: Heard) -> set[StateChange]:
    target, changes = queue_target(connection), set[StateChange]()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        count, told = feed.take(target, connection.queue_url, wait=WAIT if not heard.messages else 0)
        heard.messages += count
        changes.update(told)
        if not count:
            break
    return changes


def queue_target(connection: Connection) -> Target:
    """Whom to ask for the connection's queue: AWS, or beside an engine what BATCHDECK_SQS_URL names."""
    target = target_of(connection)
    if not connection.is_engine:
        return target
    return replace(target, endpoint_url=settings.SQS_URL, called=f"the queue at {settings.SQS_URL}")


def _whose(connection: Connection, changes: set[StateChange]) -> dict[int, list[str]]:
    """By connection, the jobs of its account and region that it follows, or that nobody here knows yet."""
    names = {change.name for change in changes if _is_here(connection, change)}
    if not names:
        return {}
    there = [one.pk for one in neighbours([connection])]
    rows = TransformJob.objects.filter(connection__in=there, name__in=names)
    found: dict[int, list[str]] = defaultdict(list)
    for pk, name, state in rows.values_list("connection_id", "name", "state"):
        names.discard(name)
        if state in REMOTE:
            found[pk].append(name)
    if names and connection.import_external:
        found[connection.pk] += sorted(names)
    return dict(found)


def _is_here(connection: Connection, change: StateChange) -> bool:
    return change.region == connection.region and change.account == (connection.account_id or change.account)
