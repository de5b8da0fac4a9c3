"""Name the columns of a model's inputs and outputs, from the Results tab of one of its jobs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs.pages.job.job_page import find_job
from jobs.services.errors import InvalidFields
from results import services
from teams.access import MemberRequest, member_required
from teams.models import Role


@require_POST
@member_required(Role.OPERATOR)
def name_columns(request: MemberRequest, key: str) -> HttpResponse:
    """Keep the names; every job of the model shows them."""
    job = find_job(request.team, key)
    inputs, outputs = request.POST.get("input", ""), request.POST.get("output", "")
    try:
        services.name_columns(job, inputs=inputs, outputs=outputs, by=request.user)
    except InvalidFields as error:
        messages.error(request, f"The columns were not named. {error}")
    else:
        messages.success(request, f"The columns of {job.model_name} have these names from now on.")
    return redirect("job-results", key=job.key)
