"""The team: its members and its activity."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import serializers
from jobs.api.parameters import PageQuery, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.services.errors import InvalidFields
from teams import activity, members
from teams.activity_filters import FILTERS, ActivityFilterRefused
from teams.models import Activity, Membership


class Me(TeamView):
    """Who asks."""

    @extend_schema(operation_id="me", responses=serializers.MeAnswer)
    def get(self, request: Request) -> Response:
        """The person, team, role and token of this request."""
        return Response(serializers.MeAnswer({"member": self.member, "token": self.token}).data)


class Members(TeamView, generics.ListAPIView[Membership]):
    """The members of the team."""

    serializer_class = serializers.MemberAnswer

    def get_queryset(self) -> QuerySet[Membership]:
        """All members."""
        if getattr(self, "swagger_fake_view", False):
            return Membership.objects.none()
        return members.of(self.member.team)

    @takes(PageQuery)
    @extend_schema(operation_id="members_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List members, who joined last first."""
        return super().get(request, *args, **kwargs)


class ActivityQuery(PageQuery):
    """The filters of the team's record; a parameter for each entry of their table."""

    def get_fields(self) -> dict[str, Any]:
        """The parameters by name."""
        filters = {
            entry.name: TextParameter(entry.most, default="", help_text=entry.help_text) for entry in FILTERS
        }
        return {**super().get_fields(), **filters}


class TeamActivity(TeamView, generics.ListAPIView[Activity]):
    """The team's activity, newest first."""

    serializer_class = serializers.ActivityAnswer

    def get_queryset(self) -> QuerySet[Activity]:
        """The team's activity that fits the filters."""
        if getattr(self, "swagger_fake_view", False):
            return Activity.objects.none()
        try:
            return activity.of(self.member.team, {entry.name: self.words[entry.name] for entry in FILTERS})
        except ActivityFilterRefused as error:
            raise InvalidFields(error.problems) from error

    @takes(ActivityQuery)
    @extend_schema(operation_id="activity_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of the activity."""
        return super().get(request, *args, **kwargs)
