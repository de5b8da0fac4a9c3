"""Saved views of the list of jobs."""

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
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import SavedView
from jobs.services.listing import saved_views
from teams.models import Role


class Views(TeamView, generics.ListAPIView[SavedView]):
    """The views that the token's owner sees."""

    serializer_class = serializers.ViewAnswer

    #: Viewers save views too; the service asks a higher role for sharing.
    role = Role.VIEWER

    def get_queryset(self) -> QuerySet[SavedView]:
        """One's own views and the shared ones."""
        if getattr(self, "swagger_fake_view", False):
            return SavedView.objects.none()
        return saved_views.visible(self.member.team, self.member.user)

    @takes(PageQuery)
    @extend_schema(operation_id="views_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List one's own views and the shared ones, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="views_save",
        request=request_serializers.ViewBody,
        responses={201: serializers.ViewAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Save a state of the list; private unless `shared`."""
        body = request_serializers.read_body(request_serializers.ViewBody, request.data)
        view = saved_views.save(
            self.member, body["name"], body.get("state", {}), shared=body["shared"], token=self.token
        )
        return Response(serializers.ViewAnswer(view, context={"request": request}).data, status=201)


class View(TeamView):
    """One saved view."""

    role = Role.VIEWER

    @extend_schema(operation_id="views_get", responses=serializers.ViewAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """Get a view."""
        view = get_object_or_404(saved_views.visible(self.member.team, self.member.user), slug=slug)
        return Response(serializers.ViewAnswer(view, context={"request": request}).data)

    @extend_schema(operation_id="views_delete", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Delete one's own view, or, as an admin, a shared one."""
        view = get_object_or_404(saved_views.visible(self.member.team, self.member.user), slug=slug)
        saved_views.delete(view, self.member, token=self.token)
        return Response(status=204)
