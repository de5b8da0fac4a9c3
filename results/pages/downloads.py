"""Download everything that a job wrote: all outputs as a zip, matching rows as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from jobs.models import TransformJob
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
    return _rows(request, key, taking.row_lines, "csv", "text/csv; charset=utf-8")


@require_GET
@member_required()
def matching_rows_parquet(request: MemberRequest, key: str) -> HttpResponseBase:
    """The rows of all files that match the filter, with their input, as Parquet."""
    return _rows(request, key, taking.parquet_pieces, "parquet", "application/vnd.apache.parquet")


def _rows(
    request: MemberRequest,
    key: str,
    pieces_of: Callable[[TransformJob, str], Iterator[str] | Iterator[bytes]],
    ending: str,
    content_type: str,
) -> HttpResponseBase:
    job = find_job(request.team, key)
    try:
        pieces = pieces_of(job, request.GET.get("filter", "").strip())
    except BadFilter as error:
        return HttpResponse(error.sentence, status=400, content_type="text/plain; charset=utf-8")
    return attachment(pieces, f"{job.name}.{ending}", content_type)


def attachment(pieces: Iterator[str] | Iterator[bytes], name: str, content_type: str) -> HttpResponseBase:
    """A response that browsers save as a file, sent while it is made."""
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
