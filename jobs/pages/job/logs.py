"""The tab with a job's log, and the first errors of it for the overview."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from jobs.pages.job.showing import find_job, show
from jobs.pages.polling import is_poll
from jobs.services import failing
from jobs.services import logs as service
from jobs.services.errors import NotPossible, Unavailable
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def logs(request: MemberRequest, key: str) -> HttpResponse:
    """The end of one of the job's log streams."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {"stream": request.GET.get("stream", "")}
    try:
        context["log"] = service.page(job, stream=context["stream"])
    except Unavailable as error:
        context["trouble"] = str(error)
    except NotPossible as error:
        raise Http404(str(error)) from error
    return show(request, job, "logs", context)


@require_GET
@member_required()
def errors(request: MemberRequest, key: str) -> HttpResponse:
    """What the data log said first of a failed job, for the job's page to fetch; to others, the log itself."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    failure = failing.failure_of(job)
    # One whose log was never read for a cause shows its first errors, as no rule was tried on them.
    read = failure is not None and failure.log_read and not failure.is_known
    context: dict[str, Any] = {"job": job, "last": read}
    try:
        context["lines"] = service.last_words(job) if context["last"] else service.first_errors(job)
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/job_errors.html", context)
