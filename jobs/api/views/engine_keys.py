"""Members' own keys to this installation's engine."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.parameters import PageQuery, takes
from jobs.api.views.data import DataView
from jobs.api.views.keyed import keyed
from jobs.models import EngineKey
from jobs.services.connections import member_keys
from teams.access import require
from teams.models import Role


class EngineKeys(DataView, generics.ListAPIView[EngineKey]):
    """The keys to an engine: the person's own, or the team's for an admin."""

    serializer_class = serializers.EngineKeyAnswer

    def get_queryset(self) -> QuerySet[EngineKey]:
        """Those that the person may revoke."""
        if getattr(self, "swagger_fake_view", False):
            return EngineKey.objects.none()
        return member_keys.keys_of(self.member, self._connection(self.kwargs["slug"]))

    @takes(PageQuery)
    @extend_schema(operation_id="engine_keys_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List your keys; an admin's list has the team's. Secrets are not in it."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="engine_keys_create",
        request=request_serializers.EngineKeyBody,
        responses={201: serializers.NewEngineKeyAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str) -> Response:
        """Make a key. Its secret is in this answer alone: the answer to a repeated request has null in its place."""
        body = request_serializers.read_body(request_serializers.EngineKeyBody, request.data)
        new_key = member_keys.make(
            self._connection(slug),
            name=body["name"].strip(),
            reads_only=body["reads_only"],
            by=self.member.user,
            token=self.token,
        )
        response = Response(serializers.NewEngineKeyAnswer(new_key).data, status=201)
        # What is stored for a repeated request holds no secret.
        response.repeated_data = {**response.data, "secret_access_key": None}  # type: ignore[attr-defined]
        return response


class OneEngineKey(DataView):
    """One key to an engine."""

    @extend_schema(operation_id="engine_keys_revoke", responses={204: None})
    def delete(self, request: Request, slug: str, engine_key: str) -> Response:
        """Revoke a key: your own, or for an admin any of the team's."""
        keys = EngineKey.objects.for_team(self.member.team).select_related("connection", "team")
        row: EngineKey = get_object_or_404(keys, connection=self._connection(slug), key=engine_key)
        if row.user_id != self.member.user_id:
            require(self.member, Role.ADMIN)
        member_keys.revoke(row, by=self.member.user, token=self.token)
        return Response(status=204)
