"""Parquet files converted to text that batch transform can split."""

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
from jobs.models import Conversion
from jobs.services.data import converting


class Conversions(DataView, generics.ListAPIView[Conversion]):
    """The conversions of a connection."""

    serializer_class = serializers.ConversionAnswer

    def get_queryset(self) -> QuerySet[Conversion]:
        """The team's, newest first."""
        if getattr(self, "swagger_fake_view", False):
            return Conversion.objects.none()
        rows = Conversion.objects.for_team(self.member.team).select_related("user")
        return rows.filter(connection=self._connection(self.kwargs["slug"]))

    @takes(PageQuery)
    @extend_schema(operation_id="conversions_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List conversions."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="conversions_create",
        request=request_serializers.ConversionBody,
        responses={201: serializers.ConversionAnswer},
    )
    @keyed
    def post(self, request: Request, slug: str) -> Response:
        """Begin to convert a Parquet file, or all of a folder, to JSON Lines or CSV."""
        body = request_serializers.read_body(request_serializers.ConversionBody, request.data)
        conversion = converting.begin(
            self._connection(slug),
            body["path"],
            text_format=body["format"],
            header=body["header"],
            output=body.get("output", ""),
            replace=body["replace"],
            by=self.member.user,
            token=self.token,
        )
        return Response(serializers.ConversionAnswer(conversion).data, status=201)


class OfConversion(DataView):
    """A view of one conversion of the team."""

    def _conversion(self, slug: str, conversion: str) -> Conversion:
        rows = Conversion.objects.for_team(self.member.team).select_related("user", "connection", "team")
        row: Conversion = get_object_or_404(rows, connection=self._connection(slug), key=conversion)
        return row


class OneConversion(OfConversion):
    """One conversion."""

    @extend_schema(operation_id="conversions_get", responses=serializers.ConversionAnswer)
    def get(self, request: Request, slug: str, conversion: str) -> Response:
        """How far a conversion is."""
        return Response(serializers.ConversionAnswer(self._conversion(slug, conversion)).data)


class StopConversion(OfConversion):
    """The stop of a conversion."""

    @extend_schema(operation_id="conversions_stop", request=None, responses=serializers.ConversionAnswer)
    def post(self, request: Request, slug: str, conversion: str) -> Response:
        """Stop a conversion that has not ended; files that are done stay."""
        row = self._conversion(slug, conversion)
        converting.stop(row, by=self.member.user, token=self.token)
        return Response(serializers.ConversionAnswer(row).data)
