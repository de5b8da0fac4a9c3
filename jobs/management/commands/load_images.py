"""`load_images`: fill the image table from the SageMaker SDK."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aws import GatewayError, images
from jobs.lifecycle import image_table
from jobs.models import Connection


class Command(BaseCommand):
    """Renews the framework images of some regions."""

    help = "Renew the table of framework images from the SageMaker SDK (default: the connections' regions)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the argument for regions."""
        parser.add_argument("regions", nargs="*", help="for example eu-west-1")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace each region's rows."""
        connection_regions = Connection.objects.order_by("region").values_list("region", flat=True).distinct()
        for region in options["regions"] or list(connection_regions) or ["us-east-1"]:
            try:
                count = sum(image_table.refresh(region, framework) for framework in images.FRAMEWORKS)
            except GatewayError as error:
                raise CommandError(error.sentence) from error
            self.stdout.write(f"{region}: {count} images")
