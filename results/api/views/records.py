"""Input records with their output rows."""

from __future__ import annotations

from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs.api.parameters import FlagParameter, NumberParameter, Query, TextParameter, takes
from jobs.api.views.base import TeamView
from results.api import serializers
from results.reading import pages
from results.reading.search import search


class RecordsQuery(Query):
    """Which rows of which file."""

    file = TextParameter(default="", help_text="An input's key; the first with an output if left out.")
    vars()["from"] = NumberParameter(most=10**15 - 1, default=1, help_text="The first row, counted from 1.")
    limit = NumberParameter(most=pages.MOST, default=pages.LIMIT, help_text="How many rows.")
    filter = TextParameter(
        default="",
        help_text="Such as `score >= 0.8 and tenure < 3`, `> 0.5` for the prediction, or a text in the row.",
    )
    all = FlagParameter(default=False, help_text="Search the rows of all files, from `file` and `from` on.")


class RecordsView(TeamView):
    """Input records beside output rows."""

    @takes(RecordsQuery)
    @extend_schema(operation_id="jobs_records", responses=serializers.RecordsAnswer)
    def get(self, request: Request, id: str) -> Response:
        """Rows of one file or, in a search, of all; input and output together."""
        name, first, limit, text = (self.words[word] for word in ("file", "from", "limit", "filter"))
        everywhere = self.words["all"]
        read = search if everywhere else pages.page
        page = read(self.job(id), text=text, name=name, first=first, limit=limit)
        answer = pages.as_values(page)
        if page.next and page.file:
            query = {
                "file": page.next_file or page.file.name,
                "from": page.next,
                "limit": limit,
                "filter": text,
            }
            query |= {"all": "true"} if everywhere else {}
            url = reverse("api:job-records", args=[id], request=request)
            answer["next"] = f"{url}?{urlencode({word: value for word, value in query.items() if value})}"
        return Response(serializers.RecordsAnswer(answer).data)
