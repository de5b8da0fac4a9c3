"""A job's input objects."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs import queries
from jobs.api import serializers
from jobs.api.parameters import NumberParameter, Query, TextParameter, WordParameter, takes
from jobs.api.views.base import TeamView
from jobs.services import files
from jobs.services.files import ORDERS, FileFilter, Only


class FilesQuery(Query):
    """Which input objects, in which order."""

    only = WordParameter(
        Only.values, help_text="Only files that are missing, that failed, or whose rows differ."
    )
    search = TextParameter(help_text="Part of the key.")
    sort = WordParameter(ORDERS, help_text="The order; a minus before it reverses it.")
    limit = NumberParameter(most=200, default=50, help_text="How many rows.")
    after = NumberParameter(least=0, help_text="Out of `next`.")


class Files(TeamView):
    """A job's input objects and their states."""

    @takes(FilesQuery)
    @extend_schema(operation_id="jobs_files", responses=serializers.FilesAnswer)
    def get(self, request: Request, id: str) -> Response:
        """The input objects, a page at a time."""
        merged, words = queries.merged(self.job(id)), self.words
        job = merged.planned_by
        file_filter = FileFilter.read(words)
        page = files.page(
            job, file_filter, active=merged.is_active, after=words.get("after"), limit=words["limit"]
        )
        next_query = {
            **file_filter.further(job),
            **({"limit": str(words["limit"])} if "limit" in request.query_params else {}),
        }
        url = reverse("api:job-files", args=[id], request=request)
        answer = {
            "results": [asdict(file) for file in page.files],
            "next": None if page.next is None else f"{url}?{urlencode({**next_query, 'after': page.next})}",
            "counts": asdict(files.counts(job)),
        }
        return Response(serializers.FilesAnswer(answer).data)
