"""Preview and download an output."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs.pages.job.job_page import find_job
from jobs.services.data.download_response import download_response
from jobs.services.errors import NotPossible, Unavailable
from results import job_outputs
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def preview(request: MemberRequest, key: str) -> HttpResponse:
    """The beginning of an output as a table or text."""
    job = find_job(request.team, key)
    output = request.GET.get("key", "")
    context = {"job": job, "key": output, "name": output.rpartition("/")[2]}
    try:
        context["preview"] = job_outputs.preview(job, output)
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        return render(request, "jobs/preview.html", {**context, "trouble": str(error)}, status=502)
    return render(request, "jobs/preview.html", context)


@require_GET
@member_required()
def download(request: MemberRequest, key: str) -> HttpResponseBase:
    """The output itself."""
    job = find_job(request.team, key)
    output = request.GET.get("key", "")
    try:
        output_download = job_outputs.download(job, output)
    except NotPossible as error:
        raise Http404(str(error)) from error
    except Unavailable as error:
        context = {"job": job, "key": output, "name": output.rpartition("/")[2], "trouble": str(error)}
        return render(request, "jobs/preview.html", context, status=502)
    return download_response(output_download)
