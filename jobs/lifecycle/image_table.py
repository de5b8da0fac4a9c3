"""The image table's rows, renewed from the SageMaker SDK."""

from __future__ import annotations

from django.db import transaction

from aws import images
from jobs.models import Connection, ContainerImage, Heartbeat

#: In front of the region: when its table was complete. Not every region has every framework.
_LOADED = "images "


def due_regions() -> list[str]:
    """Regions of connections whose images were not all loaded yet."""
    regions = Connection.objects.filter(removed_at=None).order_by("region").values_list("region", flat=True)
    loaded = set(Heartbeat.objects.filter(name__startswith=_LOADED).values_list("name", flat=True))
    return [region for region in regions.distinct() if _LOADED + region not in loaded]


def load(region: str) -> int:
    """Load the frameworks that the region lacks, each in one step; how many rows came. Unreachable without the SDK.

    What a call that was broken off has loaded stays, and the next one goes on with the rest.
    """
    there = ContainerImage.objects.filter(region=region).values_list("framework", flat=True)
    missing = set(images.FRAMEWORKS) - set(there)
    count = sum(refresh(region, name) for name in images.FRAMEWORKS if name in missing)
    Heartbeat.beat(_LOADED + region)
    return count


def refresh(region: str, framework: str) -> int:
    """Replace a framework's rows in a region; how many there are now. Unreachable without the SDK."""
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
