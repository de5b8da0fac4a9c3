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
from teams import activity, members
from teams.models import Activity


class Members(TeamView):
    """The members of the team."""

    @extend_schema(operation_id="members_list", responses=serializers.MemberAnswer(many=True))
    def get(self, request: Request) -> Response:
        """All members, by user name."""
        return Response(serializers.MemberAnswer(members.of(self.member.team), many=True).data)


class ActivityQuery(PageQuery):
    """Whose activity."""

    person = TextParameter(150, default="", help_text="Only what this user name did.")


class TeamActivity(TeamView, generics.ListAPIView[Activity]):
    """The team's activity, newest first."""

    serializer_class = serializers.ActivityAnswer

    def get_queryset(self) -> QuerySet[Activity]:
        """The team's activity, or one person's."""
        if getattr(self, "swagger_fake_view", False):
            return Activity.objects.none()
        return activity.of(self.member.team, self.words["person"])

    @takes(ActivityQuery)
    @extend_schema(operation_id="activity_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of the activity."""
        return super().get(request, *args, **kwargs)
