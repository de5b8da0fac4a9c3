"""What the API's views share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from jobs import queries
from jobs.api import parameters
from jobs.models import TransformJob
from teams.models import ApiToken, Membership, Role
from teams.tokens import Bearer


class ByAcceptHeader(DefaultContentNegotiation):
    """Content negotiation without DRF's query parameter `format`, which no operation declares."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


class TeamView(APIView):
    """A view whose permission check has set `member`."""

    member: Membership
    role = Role.OPERATOR
    content_negotiation_class = ByAcceptHeader
    #: The query parameters by name, as the method declares them with `takes`.
    words: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the permission check, read the query, and refuse text that PostgreSQL cannot hold."""
        super().initial(request, *args, **kwargs)
        if any("\0" in str(value) for value in kwargs.values()):
            raise ParseError("The address holds a NUL character.")
        if handler := getattr(self, (request.method or "").lower(), None):
            self.words = parameters.read(getattr(handler, "query", parameters.Query), request._request.GET)

    @property
    def token(self) -> ApiToken | None:
        """The token the request came with, if it did."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None

    def job(self, key: str) -> TransformJob:
        """The team's job with this id; Http404 for any other."""
        found: TransformJob = get_object_or_404(queries.jobs(self.member.team), key=key)
        return found
