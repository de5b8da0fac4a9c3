"""A place where jobs run: an AWS account and region, or an engine's URL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from jobs.clock import due, passed
from jobs.models.scoped import TeamQuerySet
from teams.models import Team
from transform.scope import Scope


class ConnectionKind(models.TextChoices):
    """What a connection leads to: it decides how calls are signed and addressed."""

    AWS = "aws", "AWS"
    ENGINE = "engine", "Engine"


class Connection(models.Model):
    """Where a team's jobs run. AWS uses the default credential chain, or a role assumed from it."""

    Kind = ConnectionKind

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="connections")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=ConnectionKind.choices)
    region = models.CharField(max_length=32, default="us-east-1")
    endpoint_url = models.URLField(blank=True, help_text="Engines only; AWS addresses come from the region.")
    role_arn = models.CharField(max_length=2048, blank=True, help_text="Assumed for every call, if given.")
    external_id = models.CharField(max_length=1224, blank=True)
    engine_key = models.SlugField(
        max_length=63,
        blank=True,
        help_text="Engines only: the team's key, from `./deck key`. Empty: the engine's own key, which may do all.",
    )
    allowed_places = models.JSONField(
        default=list, blank=True, help_text="Folders in S3 that may be read and written. Empty: all."
    )
    allowed_models = models.JSONField(
        default=list, blank=True, help_text="Names of models, with * at the end of a beginning. Empty: all."
    )
    allow_deletes = models.BooleanField(
        default=False,
        help_text="AWS only: whether the team's operators may delete objects on the Data page. Engines allow it.",
    )
    viewers_read_data = models.BooleanField(
        default=False,
        help_text="Whether the team's viewers may list and download what it reaches. Operators may anyway.",
    )
    max_running = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Jobs at once; further jobs wait. Empty: no limit by hand.",
    )
    max_instances = models.PositiveIntegerField(
        null=True, blank=True, help_text="Instances of all jobs together. Empty: no limit by hand."
    )
    max_instances_per_type = models.JSONField(
        default=dict, blank=True, help_text="Instances of all jobs together, by instance type."
    )
    import_external = models.BooleanField(
        default=True, help_text="Also show jobs that were made in this account outside Batchdeck."
    )
    queue_url = models.CharField(
        max_length=512, blank=True, help_text="An SQS queue with EventBridge's events about transform jobs."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    account_id = models.CharField(max_length=12, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, help_text="A sentence for people; empty while calls succeed.")

    own_arn = models.CharField(
        max_length=2048,
        blank=True,
        help_text="AWS only: the role or user that this service runs as, for the trust policy of the role.",
    )
    tested_at = models.DateTimeField(null=True, blank=True)
    tested = models.JSONField(
        default=list, blank=True, help_text="The outcome of each call of the last test."
    )
    removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was removed; jobs that ran there are kept."
    )

    # AWS's price list: when it was last read, and the error of that try.
    prices_read_at = models.DateTimeField(null=True, blank=True)
    prices_error = models.TextField(
        blank=True, help_text="A sentence for people; empty while the list can be read."
    )

    # The poller's lease: one task at a time follows a connection; the lease of a killed task ends by time.
    polled_at = models.DateTimeField(null=True, blank=True)
    poll_lease_until = models.DateTimeField(null=True, blank=True)
    queue_read_at = models.DateTimeField(null=True, blank=True)
    queue_error = models.TextField(blank=True, help_text="Why the queue could not be read, as a sentence.")
    # Jobs made outside: the time of the last search, and the CreationTime up to which all are known.
    imported_at = models.DateTimeField(null=True, blank=True)
    imported_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TeamQuerySet[Connection]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "slug"],
                name="connection_slug_once_per_team",
                condition=Q(removed_at=None),
                violation_error_message="This slug is taken by another connection of the team.",
            ),
            models.CheckConstraint(
                condition=Q(kind="aws", endpoint_url="") | (Q(kind="engine") & ~Q(endpoint_url="")),
                name="connection_engine_has_url",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_engine(self) -> bool:
        """Whether calls go to an engine instead of AWS."""
        return self.kind == ConnectionKind.ENGINE

    @property
    def service(self) -> str:
        """The name in sentences of what answers its calls: "SageMaker" or "the engine"."""
        return "the engine" if self.is_engine else "SageMaker"

    @property
    def is_own_engine(self) -> bool:
        """Whether it is the engine that came with this installation."""
        return self.is_engine and self.endpoint_url == settings.ENGINE_URL

    @property
    def scope(self) -> Scope:
        """The places and models that may be used through it."""
        return Scope.parse(self.allowed_places, self.allowed_models)

    @property
    def place(self) -> str:
        """A text that is equal for connections to the same account and region, or to the same engine.

        While the account is not known, no other connection has the same text.
        """
        if self.is_engine:
            return self.endpoint_url
        return f"{self.account_id}/{self.region}" if self.account_id else f"connection {self.pk}"

    @property
    def place_label(self) -> str:
        """The name of `place` in sentences."""
        if self.is_engine:
            return self.name
        account = f"account {self.account_id}" if self.account_id else f"the account of {self.name}"
        return f"{account}, {self.region}"

    @property
    def public_url(self) -> str:
        """The engine's address for people's own programs, which may be another than ours; empty for AWS."""
        ours = self.endpoint_url and self.endpoint_url == settings.ENGINE_URL
        return settings.ENGINE_PUBLIC_URL if ours else self.endpoint_url

    @property
    def poll_interval(self) -> timedelta:
        """The least time between two polls."""
        seconds = settings.ENGINE_POLL_SECONDS if self.is_engine else settings.AWS_POLL_SECONDS
        return timedelta(seconds=seconds)

    @property
    def import_interval(self) -> timedelta:
        """The least time between two searches for jobs made outside."""
        seconds = settings.ENGINE_IMPORT_SECONDS if self.is_engine else settings.AWS_IMPORT_SECONDS
        return timedelta(seconds=seconds)

    def claim_poll(self, *, lease: timedelta) -> bool:
        """Take the lease of the poll, unless another task holds it or the last poll is too recent."""
        now = timezone.now()
        free = Q(poll_lease_until=None) | due("poll_lease_until", lease)
        old = Q(polled_at=None) | passed("polled_at", self.poll_interval)
        until = now + lease
        if (
            Connection.objects.filter(free, old, pk=self.pk).update(poll_lease_until=until, polled_at=now)
            != 1
        ):
            return False
        self.poll_lease_until = until
        return True

    def renew_poll(self, *, lease: timedelta) -> None:
        """Prolong the lease, unless another task holds it now."""
        until = timezone.now() + lease
        if self._with_lease().update(poll_lease_until=until) == 1:
            self.poll_lease_until = until

    def release_poll(self) -> None:
        """Release the lease, unless another task holds it now."""
        self._with_lease().update(poll_lease_until=None, polled_at=timezone.now())

    def _with_lease(self) -> TeamQuerySet[Connection]:
        return Connection.objects.filter(pk=self.pk, poll_lease_until=self.poll_lease_until)

    def note(self, *, error: str = "", at: datetime | None = None) -> None:
        """Write the outcome of the latest call; an empty error means that it succeeded."""
        now = at or timezone.now()
        if error:
            Connection.objects.filter(pk=self.pk).update(checked_at=now, last_error=error)
        else:
            Connection.objects.filter(pk=self.pk).update(checked_at=now, last_ok_at=now, last_error="")
