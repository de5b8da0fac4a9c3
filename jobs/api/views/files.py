"""A job's input objects."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from jobs import queries
from jobs.api import answers
from jobs.api.pagination import LIMIT, MOST, number
from jobs.api.views.base import TEXT, TeamView
from jobs.services import files
from jobs.services.files import FileFilter, Only


class Files(TeamView):
    """A job's input objects and what came of each."""

    @extend_schema(
        operation_id="jobs_files",
        parameters=[
            OpenApiParameter("only", TEXT, enum=Only.values, description="Those alone of which this is so."),
            OpenApiParameter("search", TEXT, description="Part of the key."),
            OpenApiParameter(
                "sort", TEXT, description="key, size or state; a minus before it turns it round."
            ),
            OpenApiParameter("limit", int, description=f"{LIMIT}, at most {MOST}."),
            OpenApiParameter("after", int, description="Out of `next`."),
        ],
        responses=answers.FilesAnswer,
    )
    def get(self, request: Request, id: str) -> Response:
        """The input objects, a page at a time."""
        merged, asked = queries.merged(self.job(id)), request.query_params
        job = merged.planned_by
        wanted = FileFilter.read(asked.dict())
        limit = min(number(request, "limit") or LIMIT, MOST)
        after = number(request, "after", least=0)
        page = files.page(job, wanted, active=merged.is_active, after=after, limit=limit)
        given = {**wanted.further(job), **({"limit": str(limit)} if "limit" in asked else {})}
        here = reverse("api:job-files", args=[id], request=request)
        answer = {
            "results": [asdict(file) for file in page.files],
            "next": None if page.next is None else f"{here}?{urlencode({**given, 'after': page.next})}",
            "counts": asdict(files.counts(job)),
        }
        return Response(answers.FilesAnswer(answer).data)
