"""Preview and download an output."""

from __future__ import annotations

from urllib.parse import quote

from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs.pages.job.job_page import find_job
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
    return download_answer(output_download)


def download_answer(download: job_outputs.Download) -> HttpResponseBase:
    """A response that the browser saves as a file, or a redirect to the object."""
    if download.url:
        return HttpResponseRedirect(download.url)
    # Never shown in the browser: an output could be a page with scripts.
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(download.filename)}",
        "Content-Length": str(download.size),
    }
    return StreamingHttpResponse(
        download.body or (), content_type="application/octet-stream", headers=headers
    )
