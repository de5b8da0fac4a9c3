"""Fills the table of container images from the SageMaker SDK."""

from __future__ import annotations

from django.db import transaction

from aws import images
from jobs.models import Connection, ContainerImage, Heartbeat

#: The heartbeat of a region whose table is complete has this and the region as its name. Some regions lack frameworks.
_LOADED = "images "


def due_regions() -> list[str]:
    """The regions of connections whose images are not all loaded."""
    regions = Connection.objects.filter(removed_at=None).order_by("region").values_list("region", flat=True)
    loaded = set(Heartbeat.objects.filter(name__startswith=_LOADED).values_list("name", flat=True))
    return [region for region in regions.distinct() if _LOADED + region not in loaded]


def load(region: str) -> int:
    """Load the frameworks that the region lacks, and return the number of new rows.

    Each framework is saved at once, so a call after one that was broken off goes on with the rest. Raises Unreachable
    without the SDK.
    """
    loaded = ContainerImage.objects.filter(region=region).values_list("framework", flat=True)
    missing = set(images.FRAMEWORKS) - set(loaded)
    count = sum(refresh(region, name) for name in images.FRAMEWORKS if name in missing)
    Heartbeat.beat(_LOADED + region)
    return count


def refresh(region: str, framework: str) -> int:
    """Replace a framework's rows in a region, and return their number. Raises Unreachable without the SDK."""
    rows = [
        ContainerImage(
            region=region,
            framework=row.framework,
            version=row.version,
            py_version=row.py_version,
            processor=row.processor,
            uri=row.uri,
        )
        for row in images.table(region, framework)
    ]
    with transaction.atomic():
        ContainerImage.objects.filter(region=region, framework=framework).delete()
        ContainerImage.objects.bulk_create(rows, batch_size=500)
    return len(rows)
