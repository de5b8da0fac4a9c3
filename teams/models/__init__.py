"""Rows of the teams app, one idea a file."""

from teams.models.activity import Activity
from teams.models.credentials import ApiToken, Invitation, SignInLink
from teams.models.keyed import KeyedRequest
from teams.models.team import Membership, Role, Team
from teams.models.user import User

__all__ = [
    "Activity",
    "ApiToken",
    "Invitation",
    "KeyedRequest",
    "Membership",
    "Role",
    "SignInLink",
    "Team",
    "User",
]
