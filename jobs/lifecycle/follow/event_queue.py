"""A connection's queue of events. An event has its job looked at earlier than the next poll would.

A lost, late or false event costs only time: SageMaker is asked about the job in any case.
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

#: Seconds to wait for a first message, and the longest time of one reading.
WAIT = 1
SECONDS = 5.0
#: One worker reads a queue at a time. After a failure the lease is kept, so that nobody tries until its end.
LEASE = timedelta(seconds=30)


@dataclass(slots=True)
class QueueReading:
    """Names of changed jobs by the connection that is to look at them, or a sentence about what failed."""

    jobs: dict[int, list[str]] = field(default_factory=dict)
    messages: int = 0
    problem: str = ""


def connections() -> list[int]:
    """Ids of the connections that have a queue."""
    return list(Connection.objects.exclude(queue_url="").values_list("pk", flat=True))


def read(connection_id: int) -> QueueReading:
    """Read and delete the queue's messages, unless another task is doing so."""
    reading = QueueReading()
    connection = Connection.objects.filter(pk=connection_id).exclude(queue_url="").first()
    lease = Lease.claim(f"queue-{connection_id}", LEASE) if connection is not None else None
    if connection is None or lease is None:
        return reading
    try:
        changes = _take_changes(connection, reading)
    except GatewayError as error:
        reading.problem = error.sentence
        Connection.objects.filter(pk=connection.pk).update(queue_error=error.sentence)
        return reading
    lease.release()
    Connection.objects.filter(pk=connection.pk).update(queue_error="", queue_read_at=timezone.now())
    reading.jobs = _names_by_connection(connection, changes)
    return reading


def _take_changes(connection: Connection, reading: QueueReading) -> set[StateChange]:
    target, changes = queue_target(connection), set[StateChange]()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        wait = WAIT if not reading.messages else 0
        count, batch = feed.take(target, connection.queue_url, wait=wait)
        reading.messages += count
        changes.update(batch)
        if not count:
            break
    return changes


def queue_target(connection: Connection) -> Target:
    """Where the connection's queue is: in AWS, or for an engine at BATCHDECK_SQS_URL."""
    target = target_of(connection)
    if not connection.is_engine:
        return target
    return replace(target, endpoint_url=settings.SQS_URL, called=f"the queue at {settings.SQS_URL}")


def _names_by_connection(connection: Connection, changes: set[StateChange]) -> dict[int, list[str]]:
    """By connection id, the changed jobs that it follows; unknown jobs go to `connection`, if it imports."""
    unknown_names = {change.name for change in changes if _is_here(connection, change)}
    if not unknown_names:
        return {}
    jobs = TransformJob.objects.filter(connection__in=neighbours([connection]), name__in=unknown_names)
    names: dict[int, list[str]] = defaultdict(list)
    for connection_id, name, state in jobs.values_list("connection_id", "name", "state"):
        unknown_names.discard(name)
        if state in REMOTE:
            names[connection_id].append(name)
    if unknown_names and connection.import_external:
        names[connection.pk] += sorted(unknown_names)
    return dict(names)


def _is_here(connection: Connection, change: StateChange) -> bool:
    return change.region == connection.region and change.account == (connection.account_id or change.account)
