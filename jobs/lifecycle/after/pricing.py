"""The price table of a connection: read from AWS's list, and applied to ended jobs that had no price."""

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

#: AWS's list is read once a day, after a failure too.
READ_EVERY = timedelta(days=1)


def due_connections() -> list[int]:
    """Ids of the AWS connections whose price list is to be read again."""
    old = Q(prices_read_at=None) | passed("prices_read_at", READ_EVERY)
    return list(
        Connection.objects.filter(old, kind=Connection.Kind.AWS, removed_at=None).values_list("id", flat=True)
    )


def read_list(connection: Connection) -> int:
    """Renew the prices that come from AWS, and return how many there are.

    Prices set by hand stay, and so do prices that AWS's list no longer has. Raises a GatewayError, after writing its
    sentence to the connection.
    """
    rows = Connection.objects.filter(pk=connection.pk)
    # Written first, so that a task that fails is not repeated at once. The connection's `last_error` is left alone:
    # jobs may run where prices cannot be read.
    rows.update(prices_read_at=timezone.now())
    try:
        prices = pricing.hourly(target_of(connection))
    except GatewayError as error:
        rows.update(prices_error=error.sentence)
        raise
    problem = "" if prices else f"AWS names no prices of batch transform in {connection.region}."
    rows.update(prices_error=problem)
    by_hand = set(connection.prices.filter(source=PriceSource.HAND).values_list("instance_type", flat=True))
    write(connection, {name: price for name, price in prices.items() if name not in by_hand}, PriceSource.AWS)
    return len(prices)


def write(connection: Connection, prices: Mapping[str, Decimal], source: PriceSource) -> None:
    """Set prices in US dollars an hour by instance type, and the cost of ended jobs that had no price.

    The cost of other jobs does not change.
    """
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
    unpriced_jobs = TransformJob.objects.filter(
        connection=connection, cost_usd=None, instance_seconds__isnull=False
    )
    for name in (
        set(unpriced_jobs.order_by().values_list("instance_type", flat=True).distinct()) & prices.keys()
    ):
        price = prices[name]
        cost = ExpressionWrapper(
            F("instance_seconds") * Value(price, DecimalField(max_digits=12, decimal_places=6)) / HOUR,
            output_field=DecimalField(max_digits=16, decimal_places=6),
        )
        rows = unpriced_jobs.filter(instance_type=name)
        jobs_of_attempts = list(rows.filter(Q(root__isnull=False) | Q(joint_state__isnull=False)))
        rows.update(price_per_hour=price, cost_usd=cost, changed_at=timezone.now())
        for job in {job.first_id: job for job in jobs_of_attempts}.values():
            queries.settle(job)
