"""The Activity tab."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs.pages.job.job_page import find_job, show
from jobs.services.listing import history
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def activity(request: MemberRequest, key: str) -> HttpResponse:
    """Who submitted, stopped, cloned or archived the job, newest first."""
    job = find_job(request.team, key)
    acts = history.acts(job)
    return show(request, job, "activity", {"acts": acts, "seen": len(acts)})
