"""Messages to channels, and each try to send one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone

from jobs.models.job_values import KEY_LENGTH, new_key
from jobs.models.scoped import TeamQuerySet
from notifications.models.channel import Channel
from notifications.models.event import NotificationEvent
from teams.models import Team

#: Characters of an answer that are stored.
ANSWER_LENGTH = 1024


class DeliveryState(models.TextChoices):
    """The state of a message."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
    COMBINED = "combined", "Part of a digest"
    MUTED = "muted", "Muted"


class Delivery(models.Model):
    """A message to one channel: an event, a digest of several, or a test, which have no event.

    `payload` is the JSON that a webhook gets; other channels' texts are made from it.
    """

    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(
        NotificationEvent, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    digest = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="parts",
        help_text="What it was sent within.",
    )
    alone = models.BooleanField(
        default=False, help_text="Sent by itself, although its channel takes digests."
    )
    kind = models.CharField(max_length=24, help_text="The event's kind, digest or test.")
    title = models.CharField(max_length=300)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, default=timezone.now)
    sending_until = models.DateTimeField(null=True, help_text="Then its sender counts as dead.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamQuerySet[Delivery]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "channel"], name="delivery_once_per_channel")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["channel", "next_try_at"],
                name="delivery_due",
                condition=models.Q(state__in=["waiting", "sending"]),
            ),
            models.Index(fields=["channel", "-id"], name="delivery_of_channel"),
            models.Index(fields=["created_at"], name="delivery_age"),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The address of its page."""
        return reverse("delivery", args=[self.key])

    @property
    def is_over(self) -> bool:
        """Whether nothing more is tried."""
        return self.state not in (DeliveryState.WAITING, DeliveryState.SENDING)


class DeliveryAttempt(models.Model):
    """One try. `code` is the HTTP status, null if none came; `problem` is a sentence, empty after success."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField()
    code = models.PositiveIntegerField(null=True)
    answer = models.TextField(blank=True, help_text="The beginning of the answer's body.")
    problem = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.problem or f"answered {self.code}"
