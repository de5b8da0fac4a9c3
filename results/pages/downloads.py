"""Download everything that a job wrote: all outputs as a zip, matching rows as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from jobs.pages.job.job_page import find_job
from results import taking
from results.reading.filters import BadFilter
from teams.access import MemberRequest, member_required


@require_GET
@member_required()
def all_outputs(request: MemberRequest, key: str) -> HttpResponseBase:
    """All outputs as a zip, sent while it is made. If an output cannot be read the download breaks off."""
    job = find_job(request.team, key)
    return attachment(taking.zip_pieces(job), f"{job.name}.zip", "application/zip")


@require_GET
@member_required()
def matching_rows(request: MemberRequest, key: str) -> HttpResponseBase:
    """The rows of all files that match the filter, with their input, as CSV."""
    job = find_job(request.team, key)
    try:
        lines = taking.row_lines(job, request.GET.get("filter", "").strip())
    except BadFilter as error:
        return HttpResponse(error.sentence, status=400, content_type="text/plain; charset=utf-8")
    return attachment(lines, f"{job.name}.csv", "text/csv; charset=utf-8")


def attachment(pieces: Iterator[str] | Iterator[bytes], name: str, content_type: str) -> HttpResponseBase:
    """A response that browsers save as a file, sent while it is made."""
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
