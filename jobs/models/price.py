"""The price of an instance for an hour on a connection."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.connection import Connection


class PriceSource(models.TextChoices):
    """The source of a price."""

    HAND = "hand", "set by hand"
    AWS = "aws", "AWS price list"


class InstancePrice(models.Model):
    """The price in US dollars of one instance for an hour. Without a row the price is unknown, not zero."""

    Source = PriceSource

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="prices")
    instance_type = models.CharField(max_length=64)
    usd_per_hour = models.DecimalField(max_digits=12, decimal_places=6)
    source = models.CharField(max_length=4, choices=PriceSource.choices, default=PriceSource.HAND)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["instance_type"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["connection", "instance_type"], name="price_once_per_connection_and_type"
            ),
            models.CheckConstraint(condition=models.Q(usd_per_hour__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_type} at {self.usd_per_hour} USD an hour"
