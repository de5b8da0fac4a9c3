"""The prices of running jobs, and the cost of a job that ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from jobs.costs import amount, instance_seconds
from jobs.models import Connection, InstancePrice, TransformJob


def current_prices(jobs: Iterable[TransformJob]) -> dict[int, Decimal | None]:
    """The price of an instance of each running job, in US dollars an hour, by row id; one query for all."""
    running = [job for job in jobs if job.started_at is not None and not job.is_terminal]
    if not running:
        return {}
    rows = InstancePrice.objects.filter(
        connection__in={job.connection_id for job in running},
        instance_type__in={job.instance_type for job in running},
    )
    prices = {(row.connection_id, row.instance_type): row.usd_per_hour for row in rows}
    return {job.pk: prices.get((job.connection_id, job.instance_type)) for job in running}


def final_columns(job: TransformJob, started: datetime | None, ended: datetime | None) -> dict[str, Any]:
    """The cost columns of an ended job; without those that are not known."""
    if started is None or ended is None:
        return {}
    seconds = instance_seconds(started, ended, job.instance_count)
    price = job.price_now
    if price is None:
        return {"instance_seconds": seconds}
    return {"instance_seconds": seconds, "price_per_hour": price, "cost_usd": amount(seconds, price)}


def unpriced(connection: Connection, types: Iterable[str]) -> list[str]:
    """The instance types without a price on the connection, in the order of `types`."""
    priced_types = set(connection.prices.values_list("instance_type", flat=True))
    return [name for name in types if name not in priced_types]
