"""Teams, and what each member may do in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from teams.models.user import User


class Role(models.TextChoices):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    ADMIN = "admin", "Admin"

    @property
    def rank(self) -> int:
        """0 for viewer, 1 for operator, 2 for admin."""
        return list(Role).index(self)

    def allows(self, needed: Role) -> bool:
        """Whether this role includes `needed`."""
        return self.rank >= needed.rank


class Team(models.Model):
    """The owner of connections, models and jobs. Every such row belongs to exactly one team."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    needs_codes = models.BooleanField(
        default=False, help_text="Only members who sign in with a code of an app open the team."
    )
    token_max_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="For how many days a new API token may be good. Empty: the installation's limit.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    by_groups = models.BooleanField(
        default=False, help_text="The groups of the sign-in provider gave it, and may change or end it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.team_id}"

    def allows(self, needed: Role) -> bool:
        """Whether this member's role includes `needed`."""
        return Role(self.role).allows(needed)

    @property
    def can_operate(self) -> bool:
        """Whether this member may register models, submit jobs and stop them."""
        return self.allows(Role.OPERATOR)

    @property
    def can_admin(self) -> bool:
        """Whether this member may add connections."""
        return self.allows(Role.ADMIN)
