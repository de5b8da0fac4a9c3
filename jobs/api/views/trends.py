"""Trends of jobs over time."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import serializers
from jobs.api.filters import JobFilterQuery, read_filter
from jobs.api.parameters import WordParameter, takes
from jobs.api.views.base import TeamView
from jobs.services.listing import trends


class TrendsQuery(JobFilterQuery):
    """The filters of the list of jobs, the unit of time and the group."""

    unit = WordParameter(trends.UNITS, default="day")
    by = WordParameter(list(trends.GROUPS), default="", allow_blank=True, help_text="Empty: all together.")


class TrendsOverTime(TeamView):
    """How jobs did over time."""

    @takes(TrendsQuery)
    @extend_schema(operation_id="trends", responses=serializers.TrendsAnswer)
    def get(self, request: Request) -> Response:
        """Success, duration, cost and number of jobs that ended, by unit of time and by what they have in common."""
        words = {"archived": "any", **{name: value for name, value in self.words.items() if value}}
        unit, by = words.pop("unit"), words.pop("by", "")
        figures = trends.read(self.member.team, self.member.user, read_filter(words), unit, by)
        return Response(serializers.TrendsAnswer(figures).data)
