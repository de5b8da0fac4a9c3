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
    """Whether a job that begins with a preset may change one of its fields."""

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
        """Names of the fields that a job may not change, with the hidden ones."""
        return frozenset(self.rules)

    @property
    def hidden(self) -> frozenset[str]:
        """Names of the locked fields that are not shown."""
        return frozenset(name for name, rule in self.rules.items() if rule == Rule.HIDDEN)

    @property
    def is_default(self) -> bool:
        """Whether Run on its model's page begins with it."""
        return self.model is not None and self.model.default_preset_id == self.pk

    @property
    def gone(self) -> str:
        """A sentence about a model that is gone; empty if the preset's model is there."""
        name, place = self.body.get("model"), self.body.get("connection", "")
        if name and (self.model is None or self.model.connection.removed_at):
            return f"Its model {name} on the connection {place} is gone. Choose another."
        return ""

    def as_used(self) -> dict[str, Any]:
        """The columns of a job that begins with it: the preset, and a copy of its values, which may change later."""
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
        """Whether this member must keep its locks; an admin need not."""
        return bool(self.rules) and not member.can_admin


def flat(body: dict[str, Any]) -> dict[str, Any]:
    """The body's values by the form's field names, which have a dot for nested fields; without empty values."""
    flat_body: dict[str, Any] = {}
    for name, value in body.items():
        if name in GROUPS and isinstance(value, dict):
            flat_body |= {f"{name}.{inner}": inner_value for inner, inner_value in value.items()}
        else:
            flat_body[name] = value
    return {name: value for name, value in flat_body.items() if value not in (None, "", {}, [])}
