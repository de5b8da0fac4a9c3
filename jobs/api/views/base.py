"""The base class of the API's views."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ParseError, Throttled
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import queries
from jobs.api import conditions, parameters, rate_limits
from jobs.models import TransformJob
from jobs.services.errors import NotPossible
from teams.models import ApiToken, Membership, Role, Team
from teams.tokens import Bearer

#: A request with this header is refused unless its value is the slug of the team that it acts in.
TEAM_HEADER = "Batchdeck-Team"


class ByAcceptHeader(DefaultContentNegotiation):
    """Content negotiation without DRF's query parameter `format`, which no operation declares."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)


class TeamView(APIView):
    """A view of a team's objects; the permission check sets `member`."""

    member: Membership
    role = Role.OPERATOR
    #: Whether what it changes is in our database alone, where a lock protects it.
    is_local = True
    content_negotiation_class = ByAcceptHeader
    #: The query parameters by name, which the method declares with `takes`.
    words: dict[str, Any]
    #: The requests of the token and its team in this minute.
    counts: Sequence[rate_limits.Count] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the permission check, parse the query and refuse NUL characters, which PostgreSQL cannot store.

        A page's script names the team that the page was opened in: another tab may have switched since.
        """
        super().initial(request, *args, **kwargs)
        if any("\0" in str(value) for value in kwargs.values()):
            raise ParseError("The address holds a NUL character.")
        if request.headers.get(TEAM_HEADER, self.member.team.slug) != self.member.team.slug:
            raise NotPossible(
                f"This was asked for the team {request.headers[TEAM_HEADER][:80]}, but the current team is "
                f"{self.member.team.slug}. Switch back, then try again."
            )
        if handler := getattr(self, (request.method or "").lower(), None):
            self.words = parameters.read(getattr(handler, "query", parameters.Query), request._request.GET)
            if conditions.has_condition(request._request) and hasattr(self, "get"):
                self._check_condition(request, *args, **kwargs)

    def _check_condition(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise NotAsRead unless the object is as the client has read it."""
        if self.is_local:
            # Who changes the same object with a condition waits here until this change is made.
            Team.objects.select_for_update(no_key=True).get(pk=self.member.team_id)
        current = self.get(request, *args, **kwargs)  # type: ignore[attr-defined]
        if not isinstance(current, Response):
            raise ParseError("If-Match is not possible for the bytes of an object.")
        conditions.check(request._request, current.data)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The answer, whose ETag If-None-Match is compared with."""
        with conditions.transaction_for(request, is_local=self.is_local):
            return super().dispatch(request, *args, **kwargs)

    def throttled(self, request: Request, wait: float) -> NoReturn:
        """Refuse a request beyond a limit, which the sentence names."""
        raise Throttled(wait, next(counted.sentence for counted in self.counts if counted.is_over))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The response, with what is left of the limits."""
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in rate_limits.headers(self.counts).items():
            response.headers[name] = value
        if request.method == "GET" and response.status_code == 200 and hasattr(response, "render"):
            response.add_post_render_callback(lambda rendered: conditions.respond(request._request, rendered))
        return response

    @property
    def token(self) -> ApiToken | None:
        """The request's token; None for a session."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None

    def job(self, key: str) -> TransformJob:
        """The team's job with this id; raises Http404 if it has none."""
        job: TransformJob = get_object_or_404(queries.jobs(self.member.team), key=key)
        return job
