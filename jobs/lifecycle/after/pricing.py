"""The price table of a connection: reading AWS's list, and what becomes of jobs that had no price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import DecimalField, ExpressionWrapper, F, Q, Value
from django.utils import timezone

from aws import GatewayError, pricing
from jobs import queries
from jobs.clock import passed
from jobs.costs import HOUR
from jobs.lifecycle.aws_session import target_of
from jobs.models import Connection, InstancePrice, TransformJob
from jobs.models.price import PriceSource

#: How long AWS's list is taken to hold; after a failure it is asked again as late.
READ_EVERY = timedelta(days=1)


def due_connections() -> list[int]:
    """AWS connections whose price list is to be read again."""
    old = Q(prices_read_at=None) | passed("prices_read_at", READ_EVERY)
    return list(
        Connection.objects.filter(old, kind=Connection.Kind.AWS, removed_at=None).values_list("id", flat=True)
    )


def read_list(connection: Connection) -> int:
    """Renew the prices that come from AWS; how many there are. Raises a GatewayError, which the row remembers.

    What was set by hand stays, and so does a price that AWS does not name any more.
    """
    rows = Connection.objects.filter(pk=connection.pk)
    # Noted first, so that a task that fails is not repeated at once. Whether jobs can run is another question
    # than whether prices can be read: the connection's own error is left alone.
    rows.update(prices_read_at=timezone.now())
    try:
        found = pricing.hourly(target_of(connection))
    except GatewayError as error:
        rows.update(prices_error=error.sentence)
        raise
    empty = "" if found else f"AWS names no prices of batch transform in {connection.region}."
    rows.update(prices_error=empty)
    by_hand = set(connection.prices.filter(source=PriceSource.HAND).values_list("instance_type", flat=True))
    write(connection, {name: price for name, price in found.items() if name not in by_hand}, PriceSource.AWS)
    return len(found)


def write(connection: Connection, prices: Mapping[str, Decimal], source: PriceSource) -> None:
    """Set prices by instance type. Ended jobs that never had a price get theirs; no other figure changes."""
    now = timezone.now()
    rows = [
        InstancePrice(
            connection=connection, instance_type=name, usd_per_hour=price, source=source, changed_at=now
        )
        for name, price in prices.items()
    ]
    with transaction.atomic():
        InstancePrice.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["connection", "instance_type"],
            update_fields=["usd_per_hour", "source", "changed_at"],
        )
        _price_ended(connection, prices)


def _price_ended(connection: Connection, prices: Mapping[str, Decimal]) -> None:
    without = TransformJob.objects.filter(
        connection=connection, cost_usd=None, instance_seconds__isnull=False
    )
    for name in set(without.order_by().values_list("instance_type", flat=True).distinct()) & prices.keys():
        price = prices[name]
        cost = ExpressionWrapper(
            F("instance_seconds") * Value(price, DecimalField(max_digits=12, decimal_places=6)) / HOUR,
            output_field=DecimalField(max_digits=16, decimal_places=6),
        )
        rows = without.filter(instance_type=name)
        several = list(rows.filter(Q(root__isnull=False) | Q(joint_state__isnull=False)))
        rows.update(price_per_hour=price, cost_usd=cost, changed_at=timezone.now())
        for job in {job.first_id: job for job in several}.values():
            queries.settle(job)
