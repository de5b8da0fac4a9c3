"""What a job said: its log by pages, and whole as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import answers
from jobs.api.views.base import TEXT, TeamView
from jobs.services import logs

_FILTERS = [
    OpenApiParameter("search", TEXT, description="Only lines with this text, as it stands: case counts."),
    OpenApiParameter("errors", OpenApiTypes.BOOL, description="Only errors, with their tracebacks."),
]


class Logs(TeamView):
    """A job's log."""

    @extend_schema(
        operation_id="jobs_logs",
        parameters=[
            OpenApiParameter(
                "stream",
                TEXT,
                description="One of `streams`, or `all` for all of them by time. If left out: of a failed job the "
                "data log, else the instance that spoke last.",
            ),
            *_FILTERS,
            OpenApiParameter("token", TEXT, description="Out of the last answer: only what came since."),
            OpenApiParameter("before", TEXT, description="Out of the last answer: what came before it."),
            OpenApiParameter("at", TEXT, description="A line's `id`: the lines around it, unfiltered."),
        ],
        responses=answers.LogsAnswer,
    )
    def get(self, request: Request, id: str) -> Response:
        """The end of the log, or what was written since the last answer or before it, 500 lines at a time."""
        asked = request.query_params
        page = logs.page(
            self.job(id),
            stream=asked.get("stream", ""),
            token=asked.get("token", ""),
            before=asked.get("before", ""),
            at=asked.get("at", ""),
            **_filters(request),
        )
        answer = {
            "streams": [stream.label for stream in page.streams],
            "stream": page.stream,
            "results": [asdict(line) for line in page.lines],
            "token": page.token,
            "before": page.before,
            "more": page.more,
            "note": page.note,
        }
        return Response(answers.LogsAnswer(answer).data)


class LogText(TeamView):
    """A job's whole log."""

    @extend_schema(
        operation_id="jobs_logs_text",
        parameters=[
            OpenApiParameter(
                "stream", TEXT, description="One of `streams`; all of them by time if left out."
            ),
            *_FILTERS,
        ],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: Request, id: str) -> StreamingHttpResponse:
        """Each line's time, of all streams also its stream, and its text."""
        stream = request.query_params.get("stream", "") or logs.ALL
        return text_response(logs.text_file(self.job(id), stream=stream, **_filters(request)))


def text_response(file: logs.TextFile) -> StreamingHttpResponse:
    """A log as an HTTP answer that browsers save and never show."""
    response = StreamingHttpResponse(file.parts, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _filters(request: Request) -> dict[str, Any]:
    errors = request.query_params.get("errors", "").lower() in {"1", "true", "yes", "on"}
    return {"search": request.query_params.get("search", ""), "errors": errors}
