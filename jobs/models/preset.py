"""A saved request that a team's members begin jobs with."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from jobs.models.registered import RegisteredModel
from jobs.models.scoped import TeamQuerySet
from teams.models import Membership, Team, User
from transform.request_fields import GROUPS


class Rule(models.TextChoices):
    """What a job that begins with a preset may do with one of its fields."""

    EXPOSED = "exposed", "May be changed"
    LOCKED = "locked", "Locked"
    HIDDEN = "hidden", "Locked and hidden"


class Preset(models.Model):
    """A saved request. Everybody in the team may use it; its maker and the team's admins may change it.

    `body` is what the API takes, finished or not; `rules` has a Rule by the form's field names, for all but those
    that may be changed. A locked field without a value is to be left out.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="presets")
    slug = models.SlugField(max_length=63)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=400, blank=True)
    model = models.ForeignKey(RegisteredModel, null=True, on_delete=models.SET_NULL, related_name="presets")
    body = models.JSONField(default=dict)
    rules = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TeamQuerySet[Preset]] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "slug"], name="preset_slug_once_per_team")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def locked(self) -> frozenset[str]:
        """The fields that a job may not change, those that are hidden too."""
        return frozenset(self.rules)

    @property
    def hidden(self) -> frozenset[str]:
        """The locked fields that are not shown."""
        return frozenset(name for name, rule in self.rules.items() if rule == Rule.HIDDEN)

    @property
    def is_default(self) -> bool:
        """Whether Run on its model's page begins with it."""
        return self.model is not None and self.model.default_preset_id == self.pk

    @property
    def gone(self) -> str:
        """What the preset names and is no longer there, as a sentence; empty if all is."""
        name, place = self.body.get("model"), self.body.get("connection", "")
        if name and (self.model is None or self.model.connection.removed_at):
            return f"Its model {name} on the connection {place} is gone. Choose another."
        return ""

    def as_used(self) -> dict[str, Any]:
        """The columns of a job that begins with it: what it is now, since it may change."""
        fields = {
            "slug": self.slug,
            "name": self.name,
            "fields": flat(self.body),
            "locked": sorted(self.locked),
        }
        return {"preset": self, "preset_used": fields}

    def may_be_changed_by(self, member: Membership) -> bool:
        """Whether this member may change or delete it."""
        return member.can_admin or (member.can_operate and self.created_by_id == member.user_id)

    def holds(self, member: Membership) -> bool:
        """Whether its locks hold for this member; an admin may unlock."""
        return bool(self.rules) and not member.can_admin


def flat(body: dict[str, Any]) -> dict[str, Any]:
    """A body by the form's field names: of nested fields each inner one. What is empty is left out."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in GROUPS and isinstance(value, dict):
            found |= {f"{name}.{inner}": given for inner, given in value.items()}
        else:
            found[name] = value
    return {name: value for name, value in found.items() if value not in (None, "", {}, [])}
