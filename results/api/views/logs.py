"""A job's log, by pages and whole as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.parameters import FlagParameter, Query, TextParameter, takes
from jobs.api.views.base import TeamView
from jobs.services.errors import InvalidFields, NoSuchPlace
from results import logs
from results.api import serializers

#: Query words that name a place in a log.
PLACES = ("token", "before", "at")


class LogTextQuery(Query):
    """Which lines of the whole log."""

    stream = TextParameter(default="", help_text="One of `streams`; all of them by time if left out.")
    search = TextParameter(
        logs.LONGEST_SEARCH, default="", help_text="Only lines with exactly this text, case-sensitive."
    )
    # DRF keeps declared fields apart from a serializer's own `.errors`.
    errors: Any = FlagParameter(default=False, help_text="Only errors, with their tracebacks.")


@extend_schema_field({"type": "string", "pattern": "^([0-9]{1,15}-[0-9]{0,80}(~.+)?|~.+)$"})
class LogPlaceParameter(TextParameter):
    """A place in a log; `log_reading` parses it."""


class LogsQuery(LogTextQuery):
    """Which lines, from where."""

    stream = TextParameter(
        default="",
        help_text="One of `streams`, or `all` for all of them by time. If left out: of a failed job the data log, "
        "else the instance that spoke last.",
    )
    token = LogPlaceParameter(default="", help_text="`token` of the last answer: the lines after it.")
    before = LogPlaceParameter(default="", help_text="`before` of the last answer: the lines before it.")
    at = LogPlaceParameter(default="", help_text="A line's `id`: the lines around it, unfiltered.")

    def validate(self, words: dict[str, Any]) -> dict[str, Any]:
        """One place at most."""
        places = [name for name in PLACES if words[name]]
        if len(places) > 1:
            raise ValidationError({places[1]: [f"It cannot be given beside {places[0]}."]})
        return words


class LogsView(TeamView):
    """A job's log."""

    @takes(LogsQuery)
    @extend_schema(operation_id="jobs_logs", responses=serializers.LogsAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The end of the log, or lines after or before a place, 500 at a time."""
        try:
            page = logs.page(self.job(id), **self.words)
        except NoSuchPlace as error:
            name = next(name for name in PLACES if self.words[name])
            raise InvalidFields(
                {name: ["It must be taken from an answer: no line has this place."]}
            ) from error
        answer = {
            "streams": [stream.label for stream in page.streams],
            "stream": page.stream,
            "results": [asdict(line) for line in page.lines],
            "token": page.token,
            "before": page.before,
            "more": page.more,
            "note": page.note,
        }
        return Response(serializers.LogsAnswer(answer).data)


class LogTextView(TeamView):
    """A job's whole log."""

    @takes(LogTextQuery)
    @extend_schema(operation_id="jobs_logs_text", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request, id: str) -> StreamingHttpResponse:
        """Each line's time, its stream if all are read, and its text."""
        return text_response(
            logs.text_file(self.job(id), **{**self.words, "stream": self.words["stream"] or logs.ALL})
        )


def text_response(file: logs.TextFile) -> StreamingHttpResponse:
    """A response that browsers save as a file and never show."""
    response = StreamingHttpResponse(file.parts, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
