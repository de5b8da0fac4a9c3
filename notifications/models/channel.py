"""A channel: where messages go, for one person or for a team."""

from __future__ import annotations

from typing import ClassVar, Self
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from jobs.models.job_values import KEY_LENGTH, new_key
from jobs.models.scoped import TeamQuerySet
from teams.models import Membership, Team, User


class ChannelKind(models.TextChoices):
    """How a channel's messages travel."""

    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack-compatible webhook"
    WEBHOOK = "webhook", "Webhook"
    BROWSER = "browser", "This browser"


class ChannelQuerySet(TeamQuerySet["Channel"]):
    """Queries about channels that several modules make."""

    def visible_to(self, member: Membership) -> Self:
        """The channels of the member's team, and the member's own ones there; nobody sees those of other people."""
        return self.for_team(member.team).filter(Q(owner=None) | Q(owner=member.user))


class Channel(models.Model):
    """A place for messages. Without an `owner` it is the team's. `secret` signs a webhook's messages."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True, default=new_key, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="channels")
    owner = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=2048, blank=True, help_text="An https URL, or a mail address.")
    secret = models.CharField(max_length=120, blank=True)
    former_secret = models.CharField(max_length=120, blank=True)
    former_secret_until = models.DateTimeField(
        null=True, help_text="Until then messages have two signatures."
    )
    digest_minutes = models.PositiveIntegerField(
        default=0, help_text="At most one message in so many minutes; 0 sends each event by itself."
    )
    muted_until = models.DateTimeField(null=True, help_text="Events before then are not sent.")

    on_since = models.DateTimeField(default=timezone.now, help_text="Events before then are not sent.")
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed tries since the last success.")
    retry_at = models.DateTimeField(null=True, help_text="When the next message is tried, while tries fail.")
    last_sent_at = models.DateTimeField(null=True)

    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ChannelQuerySet] = ChannelQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["name", "id"]
        indexes: ClassVar = [models.Index(fields=["team", "owner"], name="channel_of_whom")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The address of the channel's page."""
        return reverse("channel", args=[self.key])

    @property
    def is_on(self) -> bool:
        """Whether it may be sent to."""
        return self.disabled_at is None

    @property
    def is_muted(self) -> bool:
        """Whether its events are left out now."""
        return self.muted_until is not None and self.muted_until > timezone.now()

    @property
    def shown_address(self) -> str:
        """The address for people: of a Slack webhook, whose path is a secret, the host alone."""
        if self.kind == ChannelKind.SLACK:
            parts = urlsplit(self.address)
            return f"{parts.scheme}://{parts.netloc}/…"
        return self.address

    def may_be_changed_by(self, member: Membership) -> bool:
        """Whether the member may change it: the owner their own, admins the team's."""
        return member.can_admin if self.owner_id is None else self.owner_id == member.user_id
