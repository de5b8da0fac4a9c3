"""Presets: list, make, look at, change, delete."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.parameters import PageQuery, takes
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import Preset
from jobs.services.submitting import presets


class Presets(TeamView, generics.ListAPIView[Preset]):
    """The team's presets, newest first."""

    serializer_class = serializers.PresetAnswer

    def get_queryset(self) -> QuerySet[Preset]:
        """All of the team's."""
        if getattr(self, "swagger_fake_view", False):
            return Preset.objects.none()
        return Preset.objects.for_team(self.member.team).select_related("model__connection", "created_by")

    @takes(PageQuery)
    @extend_schema(operation_id="presets_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List presets."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="presets_create",
        request=request_serializers.PresetBody,
        responses={201: serializers.PresetAnswer},
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Save a request as a preset."""
        fields = request_serializers.read_texts(request_serializers.PresetBody, request.data)
        preset = presets.create(
            self.member.team,
            **{"name": "", "body": {}, **fields},
            by=self.member.user,
            token=self.token,
        )
        return Response(serializers.PresetAnswer(preset).data, status=201)


class PresetView(TeamView):
    """A view of one preset."""

    def preset(self, slug: str) -> Preset:
        """The team's preset of this slug; Http404 for any other."""
        rows = Preset.objects.for_team(self.member.team).select_related("model__connection", "created_by")
        preset: Preset = get_object_or_404(rows, slug=slug)
        return preset

    def changeable(self, slug: str) -> Preset:
        """The team's preset of this slug, if the member may change it. Raises PermissionDenied and Http404."""
        preset = self.preset(slug)
        if not preset.may_be_changed_by(self.member):
            raise PermissionDenied("Only the preset's author and team admins can change it.")
        return preset


class OnePreset(PresetView):
    """One preset."""

    @extend_schema(operation_id="presets_get", responses=serializers.PresetAnswer)
    def get(self, request: Request, preset: str) -> Response:
        """A preset with its request and its rules."""
        return Response(serializers.PresetAnswer(self.preset(preset)).data)

    @extend_schema(
        operation_id="presets_change",
        request=request_serializers.PresetBody,
        responses=serializers.PresetAnswer,
    )
    def patch(self, request: Request, preset: str) -> Response:
        """Change its name, description, request or rules; what is left out stays."""
        old_preset, changes = self.changeable(preset), request_serializers.fields_of(request.data)
        return Response(
            serializers.PresetAnswer(
                presets.change(old_preset, changes, by=self.member.user, token=self.token)
            ).data
        )

    @extend_schema(operation_id="presets_delete", responses={204: None})
    def delete(self, request: Request, preset: str) -> Response:
        """Delete it; jobs that used it keep what it was."""
        presets.delete(self.changeable(preset), by=self.member.user, token=self.token)
        return Response(status=204)


class PresetDefault(PresetView):
    """A preset as the one that Run on its model's page begins with."""

    @extend_schema(
        operation_id="presets_default",
        request=request_serializers.DefaultBody,
        responses=serializers.PresetAnswer,
    )
    @keyed
    def post(self, request: Request, preset: str) -> Response:
        """Make it the default of its model; in place of another one only with `replace_default`."""
        new_default = self.changeable(preset)
        body = request_serializers.read_body(request_serializers.DefaultBody, request.data)
        presets.make_default(
            new_default,
            by=self.member.user,
            token=self.token,
            replace_default=body["replace_default"],
        )
        return Response(serializers.PresetAnswer(self.preset(preset)).data)

    @extend_schema(operation_id="presets_default_off", responses={200: serializers.PresetAnswer})
    def delete(self, request: Request, preset: str) -> Response:
        """Make it the default no longer."""
        presets.stop_being_default(self.changeable(preset), by=self.member.user, token=self.token)
        return Response(serializers.PresetAnswer(self.preset(preset)).data)
