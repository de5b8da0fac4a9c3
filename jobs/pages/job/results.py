"""The tab with what a job has written."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs.pages.job.showing import find_job, show
from jobs.services import results as service
from jobs.services.errors import Unavailable
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def results(request: MemberRequest, key: str) -> HttpResponse:
    """The job's outputs."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {}
    try:
        page = service.outputs(job, after=request.GET.get("after", ""))
        context |= {"page": page, "has_rows": any(output.rows_in is not None for output in page.outputs)}
    except Unavailable as error:
        context["trouble"] = str(error)
    return show(request, job, "results", context)
