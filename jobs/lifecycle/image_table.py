"""The image table's rows, renewed from the SageMaker SDK."""

from __future__ import annotations

from django.db import transaction

from jobs.gateway import images
from jobs.models import ContainerImage


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
