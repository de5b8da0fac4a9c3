"""Saved views of the list of jobs."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.services.listing import saved_views
from teams.models import Role


class Views(TeamView):
    """The views that the token's owner sees."""

    #: Viewers save views too; the service asks a higher role for sharing.
    role = Role.VIEWER

    @extend_schema(operation_id="views_list", responses=serializers.ViewAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List one's own views and the shared ones by name."""
        views = saved_views.visible(self.member.team, self.member.user)
        return Response(serializers.ViewAnswer(views, many=True, context={"request": request}).data)

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
