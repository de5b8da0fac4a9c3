"""The base class of the API's views."""

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
    """A view of a team's objects; the permission check sets `member`."""

    member: Membership
    role = Role.OPERATOR
    content_negotiation_class = ByAcceptHeader
    #: The query parameters by name, which the method declares with `takes`.
    words: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the permission check, parse the query and refuse NUL characters, which PostgreSQL cannot store."""
        super().initial(request, *args, **kwargs)
        if any("\0" in str(value) for value in kwargs.values()):
            raise ParseError("The address holds a NUL character.")
        if handler := getattr(self, (request.method or "").lower(), None):
            self.words = parameters.read(getattr(handler, "query", parameters.Query), request._request.GET)

    @property
    def token(self) -> ApiToken | None:
        """The request's token; None for a session."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None

    def job(self, key: str) -> TransformJob:
        """The team's job with this id; raises Http404 if it has none."""
        job: TransformJob = get_object_or_404(queries.jobs(self.member.team), key=key)
        return job
