"""The Request tab: the request as it was sent, and as code."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from jobs.forms.job_fields import job_fields
from jobs.pages.job.job_page import find_job, show
from jobs.pages.snippets import of_job
from jobs.services.attempts import changes
from jobs.services.submitting import presets
from jobs.services.submitting.requests import original_request
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def sent(request: MemberRequest, key: str) -> HttpResponse:
    """The request as it was sent, as code, and its differences from the preset and the parent job."""
    job = find_job(request.team, key)
    original = original_request(job)
    context = {
        "sent": json.dumps(original, indent=2),
        "snippets": of_job(job, original),
        "differences": presets.differences(job),
        "changes": changes.since_parent(job),
        "labels": {name: field.label for name, field in job_fields().items()},
    }
    return show(request, job, "request", context)
