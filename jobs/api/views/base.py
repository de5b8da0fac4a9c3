"""What the API's views share."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from jobs import queries
from jobs.models import TransformJob
from teams.models import ApiToken, Membership, Role
from teams.tokens import Bearer

TEXT = OpenApiTypes.STR


class TeamView(APIView):
    """A view whose permission check has set `member`."""

    member: Membership
    role = Role.OPERATOR

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the permission check, refuse text that PostgreSQL cannot hold."""
        super().initial(request, *args, **kwargs)
        values = [*kwargs.values(), *request.query_params.values()]
        if any("\0" in str(value) for value in values):
            raise ParseError("The address holds a NUL character.")

    @property
    def token(self) -> ApiToken | None:
        """The token the request came with, if it did."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None

    def job(self, key: str) -> TransformJob:
        """The team's job with this id; Http404 for any other."""
        found: TransformJob = get_object_or_404(queries.jobs(self.member.team), key=key)
        return found
