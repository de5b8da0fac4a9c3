"""Connections: list and add."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs import queries
from jobs.api import answers, bodies
from jobs.api.views.base import TeamView
from jobs.models import Connection
from jobs.services import connections
from jobs.services.errors import InvalidFields
from teams.models import Role


class Connections(TeamView, generics.ListAPIView[Connection]):
    """The team's connections."""

    serializer_class = answers.ConnectionAnswer
    role = Role.ADMIN

    def get_queryset(self) -> QuerySet[Connection]:
        """All of the team's connections."""
        if getattr(self, "swagger_fake_view", False):
            return Connection.objects.none()
        return queries.connections(self.member.team)

    @extend_schema(operation_id="connections_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List connections."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="connections_create",
        request=bodies.ConnectionBody,
        responses={201: answers.ConnectionAnswer},
    )
    def post(self, request: Request) -> Response:
        """Add an AWS connection; admins only."""
        fields = bodies.fields_of(request.data)
        texts = {"name", "slug", "region", "role_arn", "external_id"}
        bodies.check_texts(fields, texts, {"max_running"})
        limit = fields.get("max_running")
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
            raise InvalidFields({"max_running": ["must be a whole number, or left out for no limit."]})
        connection = connections.create(
            self.member.team,
            **{"name": "", "region": "", **fields},
            by=self.member.user,
            token=self.token,
        )
        return Response(answers.ConnectionAnswer(connection).data, status=201)
