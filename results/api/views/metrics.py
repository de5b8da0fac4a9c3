"""The resources that a job's instances used."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.views.base import TeamView
from results import metrics
from results.api import serializers


class MetricsView(TeamView):
    """CPU, memory and GPU of a job's instances."""

    @extend_schema(operation_id="jobs_metrics", responses=serializers.UsageAnswer)
    def get(self, request: Request, id: str) -> Response:
        """CloudWatch's metrics of the run, by instance."""
        return Response(serializers.UsageAnswer(asdict(metrics.usage(self.job(id)))).data)
