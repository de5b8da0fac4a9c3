"""Prices for jobs: for many that run at once, and for one that ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from jobs.costs import amount, instance_seconds
from jobs.models import Connection, InstancePrice, TransformJob


def current_prices(jobs: Iterable[TransformJob]) -> dict[int, Decimal | None]:
    """What an instance of each running job costs an hour by the table of now, by row id; one query for all."""
    running = [job for job in jobs if job.started_at is not None and not job.is_terminal]
    if not running:
        return {}
    rows = InstancePrice.objects.filter(
        connection__in={job.connection_id for job in running},
        instance_type__in={job.instance_type for job in running},
    )
    prices = {(row.connection_id, row.instance_type): row.usd_per_hour for row in rows}
    return {job.pk: prices.get((job.connection_id, job.instance_type)) for job in running}


def final(job: TransformJob, started: datetime | None, ended: datetime | None) -> dict[str, Any]:
    """The columns of an ended job that hold its cost; what is not known stays empty."""
    if started is None or ended is None:
        return {}
    seconds = instance_seconds(started, ended, job.instance_count)
    price = job.price_now
    if price is None:
        return {"instance_seconds": seconds}
    return {"instance_seconds": seconds, "price_per_hour": price, "cost_usd": amount(seconds, price)}


def unpriced(connection: Connection, types: Iterable[str]) -> list[str]:
    """Those of the instance types, in their order, that have no price on the connection."""
    known = set(connection.prices.values_list("instance_type", flat=True))
    return [name for name in types if name not in known]
