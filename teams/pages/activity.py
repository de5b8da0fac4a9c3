"""The team's record of acts: paged, filtered, and as CSV and JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from teams import activity as record
from teams.access import MemberRequest, member_required
from teams.activity_export import csv_of, json_lines_of
from teams.activity_filters import FILTERS, ActivityFilterRefused
from teams.models import Activity
from teams.refusals import refused, unknown_words
from teams.whole_numbers import parse_whole_number

PAGE = 100


@require_GET
@member_required()
def activity(request: MemberRequest) -> HttpResponse:
    """A page of the record, newest first; 400 with the reasons beside filters that cannot be used."""
    before = parse_whole_number(request.GET.get("before", ""))
    words = _words(request)
    problems: dict[str, list[str]] = {}
    try:
        rows = record.of(request.team, words)
    except ActivityFilterRefused as error:
        rows, problems = Activity.objects.none(), error.problems
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page_rows = list(rows[: PAGE + 1])
    is_more = len(page_rows) > PAGE
    context = {
        "rows": page_rows[:PAGE],
        "older": urlencode({**words, "before": page_rows[PAGE - 1].pk}) if is_more else "",
        "newest": before is not None,
        "given": urlencode(words),
        "filters": [(entry, words.get(entry.name, ""), problems.get(entry.name)) for entry in FILTERS],
        "problems": problems,
        "people": request.team.members.order_by("username"),
    }
    return render(request, "teams/activity.html", context, status=400 if problems else 200)


@require_GET
@member_required()
def export_csv(request: MemberRequest) -> HttpResponseBase:
    """The filtered record as CSV, read while it is sent."""
    return _export(request, csv_of, "csv", "text/csv; charset=utf-8")


@require_GET
@member_required()
def export_json_lines(request: MemberRequest) -> HttpResponseBase:
    """The filtered record as JSON Lines, read while it is sent."""
    return _export(request, json_lines_of, "jsonl", "application/jsonlines; charset=utf-8")


def _export(
    request: MemberRequest,
    lines_of: Callable[[Iterable[Activity]], Iterator[str]],
    ending: str,
    content_type: str,
) -> HttpResponseBase:
    problems = unknown_words(request, [entry.name for entry in FILTERS])
    try:
        rows = record.of(request.team, _words(request))
    except ActivityFilterRefused as error:
        problems |= error.problems
    if problems:
        return refused(problems)
    response = StreamingHttpResponse(lines_of(rows.iterator(chunk_size=2000)), content_type=content_type)
    name = f"activity-{request.team.slug}-{timezone.localdate():%Y-%m-%d}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _words(request: MemberRequest) -> dict[str, str]:
    """The filters that are given."""
    return {entry.name: text for entry in FILTERS if (text := request.GET.get(entry.name, "").strip())}
