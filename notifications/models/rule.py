"""A rule: which events go to a channel."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from notifications.kinds import LABELS
from notifications.models.channel import Channel
from teams.models import User


class NotificationRule(models.Model):
    """Events of these `kinds`, of jobs that match all of the rest. Events from before the rule do not count.

    `filter` has words of the list of jobs (`notifications.filters`) with their values.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="rules")
    kinds = models.JSONField(default=list, help_text="Words of EVENT_KINDS.")
    filter = models.JSONField(default=dict)
    longer_than_minutes = models.PositiveIntegerField(null=True)
    costs_over_usd = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return ", ".join(LABELS.get(word, word) for word in self.kinds)

    @property
    def conditions(self) -> list[str]:
        """What jobs must be, in words."""
        words = [f"{name} {value}" for name, value in self.filter.items()]
        if self.longer_than_minutes is not None:
            words.append(f"longer than {self.longer_than_minutes:,} min")
        if self.costs_over_usd is not None:
            words.append(f"costs over ${self.costs_over_usd:,.2f}")
        return words
