"""Record n of an input with row n of its output."""

from __future__ import annotations

from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs.api import answers
from jobs.api.views.base import TEXT, TeamView
from jobs.services.reading import pages

_FILTER = "A comparison with the prediction such as > 0.5, or a text in the row."


class Records(TeamView):
    """Input records beside output rows."""

    @extend_schema(
        operation_id="jobs_records",
        parameters=[
            OpenApiParameter(
                "file", TEXT, description="An input's key; the first with an output if left out."
            ),
            OpenApiParameter("from", int, description="The first row, counted from 1."),
            OpenApiParameter("limit", int, description=f"{pages.LIMIT} rows, or up to {pages.MOST}."),
            OpenApiParameter("filter", TEXT, description=_FILTER),
        ],
        responses=answers.RecordsAnswer,
    )
    def get(self, request: Request, id: str) -> Response:
        """Rows of one file, input and output together."""
        name, text = (request.query_params.get(word, "") for word in ("file", "filter"))
        first, limit = _count(request, "from", 1), _count(request, "limit", pages.LIMIT)
        found = pages.page(self.job(id), name=name, first=first, limit=limit, text=text)
        answer = pages.as_values(found)
        if found.next and found.file:
            query = {"file": found.file.name, "from": found.next, "limit": limit, "filter": text}
            here = reverse("api:job-records", args=[id], request=request)
            answer["next"] = f"{here}?{urlencode({word: value for word, value in query.items() if value})}"
        return Response(answers.RecordsAnswer(answer).data)


def _count(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 16 and int(value)):
        raise ValidationError({name: ["must be a number from 1."]})
    return int(value)
