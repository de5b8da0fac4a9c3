"""The Metrics tab, and the small plots of the overview."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job, show
from jobs.pages.polling import is_poll
from jobs.services.errors import Unavailable
from results import metrics as service
from results import plots as plots_service
from results.pages.attempts import context_of, shown_attempt
from teams.access import MemberRequest, member_required

#: htmx's status for an answer after which it polls no more.
_LAST = 286
#: CloudWatch has the last minute of a job by then.
_SETTLED = timedelta(minutes=3)


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


@require_GET
@member_required()
def plots(request: MemberRequest, key: str) -> HttpResponse:
    """A fragment with the small plots of the overview; other requests are redirected to the job."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect(job)
    attempt = shown_attempt(request, job).job
    context = {"job": job, "plots": plots_service.small_plots(attempt)}
    return render(request, "jobs/job_plots.html", context, status=_LAST if _has_settled(attempt) else 200)


def _has_settled(job: TransformJob) -> bool:
    """Whether no further number of the job will come."""
    if job.is_active:
        return False
    return job.connection.is_engine or timezone.now() - (job.ended_at or job.changed_at) > _SETTLED
