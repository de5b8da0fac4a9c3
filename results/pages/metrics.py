"""The Metrics tab."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs.pages.job.job_page import find_job, show
from jobs.pages.polling import is_poll
from jobs.services.errors import Unavailable
from results import metrics as service
from results.pages.attempts import context_of, shown_attempt
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def metrics(request: MemberRequest, key: str) -> HttpResponse:
    """CPU, memory and GPU by instance, as charts and as a table.

    A poll does not call CloudWatch: the page keeps its charts, and its script calls the API each minute.
    """
    job = find_job(request.team, key)
    attempt = shown_attempt(request, job)
    context: dict[str, Any] = context_of(attempt)
    if not is_poll(request):
        try:
            context["usage"] = service.usage(attempt.job)
        except Unavailable as error:
            context["trouble"] = str(error)
    return show(request, job, "metrics", context)
