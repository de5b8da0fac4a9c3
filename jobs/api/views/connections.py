"""Connections: list, create, get, change, test, remove."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from jobs import queries
from jobs.api import request_serializers, serializers
from jobs.api.parameters import PageQuery, Query, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Connection
from jobs.services.connections import browsing, connections, limits, permissions
from jobs.services.data import reading_rights
from teams.models import Role


class Connections(TeamView, generics.ListAPIView[Connection]):
    """The team's connections."""

    serializer_class = serializers.ConnectionAnswer
    role = Role.ADMIN

    def get_queryset(self) -> QuerySet[Connection]:
        """All of the team's connections."""
        if getattr(self, "swagger_fake_view", False):
            return Connection.objects.none()
        return queries.connections(self.member.team)

    @takes(PageQuery)
    @extend_schema(operation_id="connections_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List connections."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="connections_create",
        request=request_serializers.ConnectionBody,
        responses={201: serializers.NewConnectionAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Add an AWS connection and test it, as `test/` does; admins only. It is added whatever the test says."""
        fields = request_serializers.read_texts(request_serializers.ConnectionBody, request.data)
        connection = connections.create(
            self.member.team,
            **{"name": "", "region": "", **fields},
            by=self.member.user,
            token=self.token,
        )
        permissions.test(connection)
        return Response(serializers.NewConnectionAnswer(connection).data, status=201)


class OfConnection(TeamView):
    """A view of one connection."""

    role = Role.ADMIN

    def _connection(self, slug: str) -> Connection:
        connection: Connection = get_object_or_404(queries.connections(self.member.team), slug=slug)
        return connection


class OneConnection(OfConnection):
    """One connection."""

    @extend_schema(operation_id="connections_get", responses=serializers.ConnectionAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """A connection with its limits."""
        return Response(serializers.ConnectionAnswer(self._connection(slug)).data)

    @extend_schema(
        operation_id="connections_change",
        request=request_serializers.ConnectionChanges,
        responses=serializers.ConnectionAnswer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a connection's name, limits and import; admins only."""
        changes = request_serializers.fields_of(request.data)
        connection = connections.change(
            self._connection(slug), changes, by=self.member.user, token=self.token
        )
        return Response(serializers.ConnectionAnswer(connection).data)

    @extend_schema(operation_id="connections_remove", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Remove a connection without active jobs; its jobs stay. Admins only."""
        connections.remove(self._connection(slug), by=self.member.user, token=self.token)
        return Response(status=204)


class TestConnection(OfConnection):
    """A test of a connection."""

    role = Role.VIEWER

    @extend_schema(operation_id="connections_test", request=None, responses=serializers.TestAnswer)
    def post(self, request: Request, slug: str) -> Response:
        """Try each call that the connection is needed for; takes some seconds and changes nothing in AWS."""
        return Response(serializers.TestAnswer(permissions.test(self._connection(slug))).data)


class AccountQuotas(OfConnection):
    """The limits of a connection's jobs."""

    @extend_schema(operation_id="connections_quotas", responses=serializers.LimitsAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """Each limit, how much of it is in use, and whether it was set by hand or is the account's quota."""
        return Response(serializers.LimitsAnswer(limits.of(self._connection(slug))).data)

    @extend_schema(operation_id="connections_read_quotas", request=None, responses=serializers.LimitsAnswer)
    def post(self, request: Request, slug: str) -> Response:
        """Read the account's quotas from Service Quotas now; admins only."""
        connection = self._connection(slug)
        limits.read_quotas(connection)
        return Response(serializers.LimitsAnswer(limits.of(connection)).data)


@extend_schema_field({"type": "string", "pattern": "^s3://[^/]+(/.*)?$"})
class S3AddressParameter(TextParameter):
    """An S3 URI; `browse` parses it."""


class BrowseQuery(Query):
    """What to list."""

    path = S3AddressParameter(default="", help_text="An s3:// address, which may end inside a name.")
    after = TextParameter(default="", help_text="Out of the last answer's `next`.")


class Browse(OfConnection):
    """A level of a connection's buckets."""

    @takes(BrowseQuery)
    @extend_schema(operation_id="connections_browse", responses=serializers.BrowseAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """The names at an address, 200 at a time, and what a job with this prefix would read.

        For operators, and for viewers where the connection's `viewers_read_data` is true.
        """
        connection = self._connection(slug)
        reading_rights.check_reading(self.member, connection)
        after = self.words["after"]
        listing = browsing.browse(connection, self.words["path"], after)
        # The matches are the same on each page, and take longest to find.
        matches = None if after or listing.buckets else browsing.matches(connection, listing.path)
        url = request.build_absolute_uri()
        further = replace_query_param(url, "after", listing.next) if listing.next else None
        answer = {"listing": listing, "matches": matches, "next": further}
        return Response(serializers.BrowseAnswer(answer).data)
