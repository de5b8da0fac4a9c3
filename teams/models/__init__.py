"""Rows of the teams app, one idea a file."""

from teams.models.account_mail import AccountMail, AccountMailKind
from teams.models.activity import Activity
from teams.models.browser_session import BrowserSession
from teams.models.credentials import ApiToken, Invitation, SignInLink
from teams.models.identity import Identity
from teams.models.keyed import KeyedRequest
from teams.models.second_factor import RecoveryCode, SecondFactor
from teams.models.team import Membership, Role, Team
from teams.models.user import User

__all__ = [
    "AccountMail",
    "AccountMailKind",
    "Activity",
    "ApiToken",
    "BrowserSession",
    "Identity",
    "Invitation",
    "KeyedRequest",
    "Membership",
    "RecoveryCode",
    "Role",
    "SecondFactor",
    "SignInLink",
    "Team",
    "User",
]
