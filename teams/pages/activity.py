"""The team's record of acts: paged, by person, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from teams import activity as record
from teams.access import MemberRequest, member_required
from teams.csv_lines import csv_lines
from teams.models import Activity
from teams.refusals import refused, unknown_words
from teams.whole_numbers import parse_whole_number

PAGE = 100


@require_GET
@member_required()
def activity(request: MemberRequest) -> HttpResponse:
    """A page of the record, newest first."""
    before = parse_whole_number(request.GET.get("before", ""))
    rows = _matching_acts(request)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page_rows = list(rows[: PAGE + 1])
    person = request.GET.get("person", "")
    person_filter = {"person": person} if person else {}
    context = {
        "rows": page_rows[:PAGE],
        "older": urlencode({**person_filter, "before": page_rows[PAGE - 1].pk})
        if len(page_rows) > PAGE
        else "",
        "newest": before is not None,
        "given": urlencode(person_filter),
        "person": person,
        "people": request.team.members.order_by("username"),
    }
    return render(request, "teams/activity.html", context)


@require_GET
@member_required()
def export(request: MemberRequest) -> HttpResponseBase:
    """The whole record as CSV, read while it is sent."""
    if problems := unknown_words(request, ("person",)):
        return refused(problems)
    response = StreamingHttpResponse(_lines(_matching_acts(request)), content_type="text/csv; charset=utf-8")
    name = f"activity-{request.team.slug}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _matching_acts(request: MemberRequest) -> QuerySet[Activity]:
    return record.of(request.team, request.GET.get("person", ""))


def _lines(rows: QuerySet[Activity]) -> Iterator[str]:
    names = ("at", "person", "token", "did", "kind", "id", "name", "detail")
    return csv_lines(names, (_cells(row) for row in rows.iterator(chunk_size=2000)))


def _cells(row: Activity) -> list[str]:
    detail = ", ".join(f"{name} {value}" for name, value in row.detail.items())
    token = row.token.name or row.token.prefix if row.token else ""
    who = row.user.username if row.user else row.who
    at = timezone.localtime(row.at).isoformat(timespec="seconds")
    return [at, who, token, row.verb, row.object_kind, row.object_id, row.object_label, detail]
