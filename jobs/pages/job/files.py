"""The tab with a job's input objects, and the same as CSV."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.filtering import FilterError
from jobs.pages import csv_export
from jobs.pages.job.job_page import find_job, show
from jobs.pages.sentences import rows_sentence
from jobs.services import files as service
from jobs.services.files import FileCounts, FileFilter, Only
from teams.access import MemberRequest, member_required
from teams.refusals import refused, unknown_words
from teams.whole_numbers import parse_whole_number


@require_GET
@member_required()
def files(request: MemberRequest, key: str) -> HttpResponseBase:
    """The objects of the input and what came of each, a page at a time."""
    job = find_job(request.team, key)
    try:
        wanted = FileFilter.read(request.GET.dict())
    except FilterError as error:
        return _refused(request, key, error)
    cursor = parse_whole_number(request.GET.get("after", ""))
    merged = queries.merged(job)
    plan = merged.planned_by
    counts = service.counts(plan)
    page = service.page(plan, wanted, active=merged.is_active, after=cursor)
    given = wanted.given()
    context = {
        "files": page.files,
        "next": urlencode({**wanted.further(plan), "after": page.next}) if page.next is not None else "",
        "is_first": cursor is None,
        "wanted": wanted,
        "counts": counts,
        "query": urlencode(given),
        "narrowings": _narrowings(wanted, counts),
        "sorts": _sorts(wanted),
        "rows_sentence": rows_sentence(queries.rows(plan)),
        "seen": (counts, page),
    }
    return show(request, job, "files", context, merged=merged)


@require_GET
@member_required()
def export(request: MemberRequest, key: str) -> HttpResponseBase:
    """All files that the address describes, as CSV, sent while it is read."""
    job = find_job(request.team, key)
    if problems := unknown_words(request, FileFilter.names()):
        return refused(problems)
    try:
        wanted = FileFilter.read(request.GET.dict())
    except FilterError as error:
        return refused(error.fields)
    merged = queries.merged(job)
    lines = csv_export.file_lines(service.every(merged.planned_by, wanted, active=merged.is_active))
    headers = {"Content-Disposition": f'attachment; filename="{job.name}-files.csv"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _refused(request: MemberRequest, key: str, error: FilterError) -> HttpResponse:
    for name, texts in error.fields.items():
        messages.error(request, f"{name} {' '.join(texts)}")
    return redirect("job-files", key=key)


def _narrowings(wanted: FileFilter, counts: FileCounts) -> list[dict[str, Any]]:
    """What the list can be narrowed to: all, and each of which there is any or which is chosen."""
    others = {name: value for name, value in wanted.given().items() if name != "only"}
    numbers = {Only.MISSING: counts.missing, Only.FAILED: counts.failed, Only.ROWS: counts.rows}
    found: list[dict[str, Any]] = [
        {"title": "All", "count": counts.known, "query": urlencode(others), "chosen": not wanted.only}
    ]
    return found + [
        {
            "title": only.label,
            "count": n,
            "query": urlencode({**others, "only": only.value}),
            "chosen": chosen,
        }
        for only, n in numbers.items()
        if (chosen := wanted.only == only) or n
    ]


def _sorts(wanted: FileFilter) -> dict[str, dict[str, str]]:
    """For each order the query that a click on its column leads to, and how it is sorted now."""
    given, found = wanted.given(), {}
    for word in ("state", "key", "size"):
        now = wanted.sort if wanted.sort.removeprefix("-") == word else ""
        first = "-size" if word == "size" else word
        other = f"-{word}" if now == word else word
        link = urlencode({**given, "sort": other if now else first})
        found[word] = {"link": link, "now": {"": "", word: "ascending"}.get(now, "descending")}
    return found
