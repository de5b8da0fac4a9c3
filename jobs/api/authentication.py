"""Bearer tokens for scripts, the session for the pages' own calls. A request has one membership."""

from __future__ import annotations

from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from teams import tokens
from teams.access import find_member
from teams.models import Membership, User
from teams.tokens import Bearer


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer TOKEN`; the token decides the team."""

    def authenticate(self, request: Request) -> tuple[User, Bearer] | None:
        """The token's owner and the token with its membership; None if the header has another scheme."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        bearer = tokens.find(secret.strip())
        if bearer is None:
            raise AuthenticationFailed("The token is unknown, revoked or expired.")
        return bearer.member.user, bearer

    def authenticate_header(self, request: Request) -> str:
        """The WWW-Authenticate header of a 401."""
        return 'Bearer realm="batchdeck"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in person's session; unsafe methods need the CSRF token, as on pages."""


def member_of(request: Request) -> Membership | None:
    """The membership of the request: the token's, else that of the session's current team."""
    if isinstance(request.auth, Bearer):
        return request.auth.member
    return find_member(request._request)
