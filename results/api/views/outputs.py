"""A job's outputs: list, preview, download."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs import queries
from jobs.api.parameters import Query, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.models import TransformJob
from jobs.services.data.download_response import download_response
from jobs.services.data.downloading import Remainder
from results import job_outputs
from results.api import serializers
from transform.keys import parse_s3_uri


class OutputsQuery(Query):
    """Which page."""

    after = TextParameter(default="", help_text="The last key of the previous page, as in `next`.")


class OutputsView(TeamView):
    """A job's outputs."""

    @takes(OutputsQuery)
    @extend_schema(operation_id="jobs_outputs", responses=serializers.OutputsAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The outputs that exist, in key order, a hundred at a time."""
        job = self.job(id)
        page = job_outputs.outputs(job, after=self.words["after"])
        merged = queries.merged(job)
        whole_job = merged.as_whole(merged.first)
        url = reverse("api:job-outputs", args=[id], request=request)
        rows = [{**asdict(output), **self._links(request, job, output.key)} for output in page.outputs]
        answer = {
            "results": rows,
            "next": f"{url}?{urlencode({'after': page.next})}" if page.next else None,
            "objects_done": whole_job.objects_done,
            "objects_total": whole_job.objects_total,
        }
        return Response(serializers.OutputsAnswer(answer).data)

    def _links(self, request: Request, job: TransformJob, key: str) -> dict[str, str]:
        query = urlencode({"key": key})
        return {
            "uri": f"s3://{parse_s3_uri(job.output_path)[0]}/{key}",
            "preview_url": f"{reverse('api:job-preview', args=[job.key], request=request)}?{query}",
            "download_url": f"{reverse('api:job-download', args=[job.key], request=request)}?{query}",
        }


class OutputQuery(Query):
    """Which output."""

    key = TextParameter(required=True, allow_blank=False, help_text="An output's key.")


class PreviewView(TeamView):
    """The beginning of an output."""

    @takes(OutputQuery)
    @extend_schema(operation_id="jobs_output_preview", responses=serializers.PreviewAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The first 200 rows of the first 256 KiB."""
        preview = job_outputs.preview(self.job(id), self.words["key"])
        return Response(serializers.PreviewAnswer(asdict(preview)).data)


class DownloadView(TeamView):
    """A whole output."""

    @takes(OutputQuery)
    @extend_schema(
        operation_id="jobs_output_download",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            302: None,
        },
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        """The bytes, or for AWS a redirect to a signed S3 address."""
        remainder = Remainder.of(request.headers)
        return download_response(job_outputs.download(self.job(id), self.words["key"], remainder))
