"""The role that an API view requires, by method."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from jobs.api.authentication import member_of
from teams.models import Role
from teams.tokens import Bearer


class TeamRole(BasePermission):
    """Reading requires a viewer; other methods require the view's `role`, by default an operator.

    A token with the role viewer may only read, even where a viewer may write.
    """

    message = "Your role in this team does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request's membership has the required role; sets the view's `member`."""
        if not request.user or not request.user.is_authenticated:
            return False
        member = member_of(request)
        if member is None:
            self.message = "You belong to no team yet. Ask a team's admin to add you."
            return False
        view.member = member
        token = request.auth.token if isinstance(request.auth, Bearer) else None
        if token is not None and token.role == Role.VIEWER and request.method not in SAFE_METHODS:
            self.message = (
                "This token may only read: it was made with the role viewer. "
                "Make one for what an operator may under API tokens."
            )
            return False
        needed = Role.VIEWER if request.method in SAFE_METHODS else getattr(view, "role", Role.OPERATOR)
        who = "this token has that of" if token is not None and token.role else "you are"
        self.message = f"This needs the role {needed.label.lower()}; {who} {member.role} in {member.team}."
        return member.allows(needed)
