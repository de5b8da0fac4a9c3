"""Saved views of the list of jobs."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse
from django.utils import timezone

from jobs.models.scoped import TeamQuerySet
from teams.models import Team, User


class SavedView(models.Model):
    """Filters, order, columns and grouping under a name, for its owner or the whole team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="views")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="views")
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=60)
    state = models.JSONField(default=dict, help_text="Parts of the list's address by name.")
    shared = models.BooleanField(default=False, help_text="Whether the whole team sees it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TeamQuerySet[SavedView]] = TeamQuerySet.as_manager()  # type: ignore[assignment]
    #: Whether the list opens with it for the person who looks; `services.views.visible` says so.
    is_default = False

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "slug"], name="view_slug_once_per_team"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The address of the list with this view."""
        return f"{reverse('jobs')}?{urlencode({**dict(sorted(self.state.items())), 'view': self.slug})}"


class DefaultView(models.Model):
    """The view with which the list opens, for a person in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "user"], name="default_view_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.view_id} of {self.user_id}"
