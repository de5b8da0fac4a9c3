"""Bearer tokens for scripts, the session for the pages' own calls. A request has one membership."""

from __future__ import annotations

from typing import Any

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
        """The token's owner and what the token stands for; None if the header is of another kind."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        bearer = tokens.find(secret.strip())
        if bearer is None:
            raise AuthenticationFailed("The token is unknown, revoked or expired.")
        return bearer.member.user, bearer

    def authenticate_header(self, request: Request) -> str:
        """What a 401 tells the client to send."""
        return 'Bearer realm="batchdeck"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in person's session; unsafe methods need the CSRF token, as on pages."""

    def authenticate(self, request: Request) -> Any:
        """The person, without a token."""
        return super().authenticate(request)


def member_of(request: Request) -> Membership | None:
    """In whose name the request is made: the token's membership, else that of the session's current team."""
    if isinstance(request.auth, Bearer):
        return request.auth.member
    return find_member(request._request)
