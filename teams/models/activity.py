"""What people did: one row for each act, written by the services and never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from teams.models.credentials import ApiToken
from teams.models.team import Team
from teams.models.user import User

#: The verb of a sign-in with a wrong password. Nobody is signed in, so the row has no user.
SIGN_IN_FAILED = "account.sign_in_failed"


class Activity(models.Model):
    """Append-only: which user, with which token, did what to which object."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="activities")
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="activities")
    automatic = models.BooleanField(
        default=False, help_text="Nobody asked for it: the service did it by itself."
    )
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.SET_NULL, related_name="+")
    verb = models.CharField(max_length=40, help_text="For example job.submitted or model.registered.")
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=200)
    detail = models.JSONField(default=dict)
    changes = models.JSONField(
        default=dict, help_text="Of a change: by field the value before (`from`) and after (`to`)."
    )
    address = models.GenericIPAddressField(null=True, help_text="Where the request came from.")
    request_id = models.CharField(max_length=64, blank=True, help_text="Its X-Request-ID.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["team", "-id"], name="activity_team_newest"),
            models.Index(fields=["team", "object_kind", "object_id"], name="activity_object"),
        ]
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.verb} {self.object_label}"

    @property
    def words(self) -> str:
        """The verb as people say it: "job stop requested"."""
        return self.verb.replace(".", " ").replace("_", " ")

    @property
    def who(self) -> str:
        """The actor's name for pages: the user, a person who left or is not signed in, or the service."""
        if self.user:
            return self.user.label
        if self.verb == SIGN_IN_FAILED:
            return f"not signed in, from {self.detail.get('from', 'an unknown address')}"
        return "Batchdeck itself" if self.automatic else "someone who left"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row. Raises for a row that exists already."""
        if self.pk is not None:
            raise TypeError("An activity is a record of the past and cannot be changed.")
        super().save(*args, **kwargs)
