"""Input records with their output rows."""

from __future__ import annotations

from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs.api.parameters import NumberParameter, Query, TextParameter, takes
from jobs.api.views.base import TeamView
from results.api import serializers
from results.reading import pages


class RecordsQuery(Query):
    """Which rows of which file."""

    file = TextParameter(default="", help_text="An input's key; the first with an output if left out.")
    vars()["from"] = NumberParameter(most=10**15 - 1, default=1, help_text="The first row, counted from 1.")
    limit = NumberParameter(most=pages.MOST, default=pages.LIMIT, help_text="How many rows.")
    filter = TextParameter(
        default="", help_text="A comparison with the prediction such as > 0.5, or a text in the row."
    )


class RecordsView(TeamView):
    """Input records beside output rows."""

    @takes(RecordsQuery)
    @extend_schema(operation_id="jobs_records", responses=serializers.RecordsAnswer)
    def get(self, request: Request, id: str) -> Response:
        """Rows of one file, input and output together."""
        name, first, limit, text = (self.words[word] for word in ("file", "from", "limit", "filter"))
        page = pages.page(self.job(id), name=name, first=first, limit=limit, text=text)
        answer = pages.as_values(page)
        if page.next and page.file:
            query = {"file": page.file.name, "from": page.next, "limit": limit, "filter": text}
            here = reverse("api:job-records", args=[id], request=request)
            answer["next"] = f"{here}?{urlencode({word: value for word, value in query.items() if value})}"
        return Response(serializers.RecordsAnswer(answer).data)
