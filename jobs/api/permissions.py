"""The role that an API view asks for, by method."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from jobs.api.authentication import member_of
from teams.models import Role


class TeamRole(BasePermission):
    """Reading needs a viewer; anything else what the view's `role` says, an operator unless it says more."""

    message = "Your role in this team does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request's membership has the role; the view gets the membership as `member`."""
        if not request.user or not request.user.is_authenticated:
            return False
        member = member_of(request)
        if member is None:
            self.message = "You belong to no team yet. Ask a team's admin to add you."
            return False
        view.member = member
        needed = Role.VIEWER if request.method in SAFE_METHODS else getattr(view, "role", Role.OPERATOR)
        is_ = "this token has that of" if getattr(request.auth, "role", "") else "you are"
        self.message = f"This needs the role {needed.label.lower()}; {is_} {member.role} in {member.team}."
        return member.allows(needed)
