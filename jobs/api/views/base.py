"""What the API's views share."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
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

    @property
    def token(self) -> ApiToken | None:
        """The token the request came with, if it did."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None

    def job(self, key: str) -> TransformJob:
        """The team's job with this id; Http404 for any other."""
        found: TransformJob = get_object_or_404(queries.jobs(self.member.team), key=key)
        return found
