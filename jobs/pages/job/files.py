"""The Files tab, and its list as CSV."""

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
from jobs.services.attempts import bad_records
from jobs.services.files import FileCounts, FileFilter, Only
from teams.access import MemberRequest, member_required
from teams.refusals import refused, unknown_words
from teams.whole_numbers import parse_whole_number


@require_GET
@member_required()
def files(request: MemberRequest, key: str) -> HttpResponseBase:
    """The input objects and the state of each, a page at a time."""
    job = find_job(request.team, key)
    try:
        file_filter = FileFilter.read(request.GET.dict())
    except FilterError as error:
        return _refused(request, key, error)
    cursor = parse_whole_number(request.GET.get("after", ""))
    merged = queries.merged(job)
    plan = merged.planned_by
    counts = service.counts(plan)
    page = service.page(plan, file_filter, active=merged.is_active, after=cursor)
    filter_words = file_filter.query_words()
    searches = bad_records.latest_searches(job)
    context = {
        "files": [(file, searches.get(file.key)) for file in page.files],
        "next": urlencode({**file_filter.further(plan), "after": page.next}) if page.next is not None else "",
        "is_first": cursor is None,
        "wanted": file_filter,
        "counts": counts,
        "query": urlencode(filter_words),
        "narrowings": _narrowings(file_filter, counts),
        "sorts": _sorts(file_filter),
        "rows_sentence": rows_sentence(queries.rows(plan)),
        "seen": (counts, page, [(search.key, search.state) for search in searches.values()]),
        "can_search": bad_records.can_search(job, merged),
    }
    return show(request, job, "files", context, merged=merged)


@require_GET
@member_required()
def export(request: MemberRequest, key: str) -> HttpResponseBase:
    """All files that match the filter, as CSV, streamed."""
    job = find_job(request.team, key)
    if problems := unknown_words(request, FileFilter.names()):
        return refused(problems)
    try:
        file_filter = FileFilter.read(request.GET.dict())
    except FilterError as error:
        return refused(error.fields)
    merged = queries.merged(job)
    lines = csv_export.file_lines(service.every(merged.planned_by, file_filter, active=merged.is_active))
    headers = {"Content-Disposition": f'attachment; filename="{job.name}-files.csv"'}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _refused(request: MemberRequest, key: str, error: FilterError) -> HttpResponse:
    for name, texts in error.fields.items():
        messages.error(request, f"{name} {' '.join(texts)}")
    return redirect("job-files", key=key)


def _narrowings(file_filter: FileFilter, counts: FileCounts) -> list[dict[str, Any]]:
    """The links that narrow the list: all, and each kind that has files or is chosen."""
    further_words = {name: value for name, value in file_filter.query_words().items() if name != "only"}
    numbers = {Only.MISSING: counts.missing, Only.FAILED: counts.failed, Only.ROWS: counts.rows}
    narrowings: list[dict[str, Any]] = [
        {
            "title": "All",
            "count": counts.listed,
            "query": urlencode(further_words),
            "chosen": not file_filter.only,
        }
    ]
    return narrowings + [
        {
            "title": narrowing.label,
            "count": n,
            "query": urlencode({**further_words, "only": narrowing.value}),
            "chosen": chosen,
        }
        for narrowing, n in numbers.items()
        if (chosen := file_filter.only == narrowing) or n
    ]


def _sorts(file_filter: FileFilter) -> dict[str, dict[str, str]]:
    """For each sortable column the link of its head and the present sort order."""
    filter_words, sorts = file_filter.query_words(), {}
    for word in ("state", "key", "size"):
        now = file_filter.sort if file_filter.sort.removeprefix("-") == word else ""
        first = "-size" if word == "size" else word
        reverse = f"-{word}" if now == word else word
        link = urlencode({**filter_words, "sort": reverse if now else first})
        sorts[word] = {"link": link, "now": {"": "", word: "ascending"}.get(now, "descending")}
    return sorts
