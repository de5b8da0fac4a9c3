"""The page of trends, and its figures as CSV."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jobs import search_query
from jobs.filtering import FilterError, JobFilter, find_filter
from jobs.pages import filter_panel
from jobs.services.errors import InvalidFields
from jobs.services.listing import trends as service
from teams.access import MemberRequest, member_required
from teams.csv_lines import csv_lines
from teams.refusals import refused

#: Titles of the groups.
GROUP_TITLES = {
    "": "All",
    "model": "Model",
    "owner": "Owner",
    "connection": "Connection",
    "instance_type": "Instance type",
    "tag": "Tag",
}
#: Title, name and what it says, for each chart.
CHARTS = (
    ("Success", "success", "completed, of those that completed or failed"),
    ("Jobs", "jobs", "that ended, however they did"),
    ("Duration", "median_seconds", "median of completed jobs"),
    ("Long durations", "p95_seconds", "95 of 100 completed jobs took no longer"),
    ("Cost", "amount", "known costs of jobs that ended"),
)


#: Columns of the CSV, and the figures that they hold.
_CSV_FIGURES = {
    "jobs": "jobs",
    "completed": "completed",
    "failed": "failed",
    "success": "success",
    "median_seconds": "median",
    "p95_seconds": "p95",
    "cost_usd": "amount",
}
#: The filter that the page has without saying so.
_ARCHIVED = ("archived", "any")


@require_GET
@member_required()
def trends(request: MemberRequest) -> HttpResponse:
    """How jobs did over time, with the filters of the list of jobs."""
    unit, by = _layout(request)
    layout = {"unit": unit, "by": by}
    if "q" in request.GET:
        try:
            filters = search_query.parse(request.GET["q"])
        except FilterError as error:
            return refused(error.fields)
        return redirect(f"{reverse('trends')}?{urlencode({**filters, **layout})}")
    problems: dict[str, list[str]] = {}
    job_filter = JobFilter(**dict([_ARCHIVED]))
    figures = None
    try:
        job_filter = _filter(request)
        figures = service.read(request.team, request.user, job_filter, unit, by)
    except (FilterError, InvalidFields) as error:
        problems = dict(error.fields)
    context = {
        **_frame(request, job_filter, layout),
        "trends": figures,
        "charts": CHARTS,
        "rows": _rows(figures, job_filter) if figures else [],
        "lines": _lines(figures, job_filter) if figures else [],
        "problems": [f"{name}: {text}" for name, texts in problems.items() for text in texts],
        "last_day": figures and figures.end - timedelta(days=1),
        "by_title": GROUP_TITLES[by] if by else "",
    }
    return render(request, "jobs/trends.html", context)


@require_GET
@member_required()
def trends_csv(request: MemberRequest) -> HttpResponseBase:
    """The figures of the page as CSV: a row for each value and unit of time."""
    unit, by = _layout(request)
    try:
        figures = service.read(request.team, request.user, _filter(request), unit, by)
    except (FilterError, InvalidFields) as error:
        return refused(error.fields)
    cells = (
        (start, line.value or "", *(getattr(point, name) for name in _CSV_FIGURES.values()))
        for line in figures.lines
        for start, point in zip(figures.starts, line.points, strict=True)
    )
    name = f"trends-{request.team.slug}-{figures.starts[0]}.csv"
    return StreamingHttpResponse(
        csv_lines((unit, by or "all", *_CSV_FIGURES), cells),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _frame(request: MemberRequest, job_filter: JobFilter, layout: dict[str, str]) -> dict[str, Any]:
    """The context of the menus, the search box and the filter panel."""
    parts = {**job_filter.values, **layout}
    filters = {name: text for name, text in job_filter.values.items() if (name, text) != _ARCHIVED}
    filter_fields = filter_panel.fields(request.team, job_filter)
    return {
        **layout,
        "units": [(word, urlencode({**parts, "unit": word})) for word in service.UNITS],
        "groups": [(word, title, urlencode({**parts, "by": word})) for word, title in GROUP_TITLES.items()],
        "query": urlencode(parts),
        "filters": urlencode(
            {name: text for name, text in job_filter.values.items() if not name.startswith("ended")}
        ),
        "kept": layout,
        "filter_fields": filter_fields,
        "search_words": filter_panel.search_words(filter_fields),
        "box": search_query.write(filters),
        "chips": [
            {
                "name": find_filter(name).word,
                "value": value,
                "without": urlencode({key: text for key, text in parts.items() if key != name}),
            }
            for name, value in filters.items()
        ],
        "clear": f"{reverse('trends')}?{urlencode(layout)}",
        "list_address": reverse("trends"),
    }


def _layout(request: MemberRequest) -> tuple[str, str]:
    """The unit of time and the group of the address; the defaults for words that are none."""
    unit, by = request.GET.get("unit", ""), request.GET.get("by", "")
    return unit if unit in service.UNITS else "day", by if by in service.GROUPS else ""


def _filter(request: MemberRequest) -> JobFilter:
    """The filter of the address; archived jobs count unless it says otherwise."""
    values = {name: text for name, text in request.GET.items() if name not in ("unit", "by", "q")}
    return JobFilter.read({**values, "archived": values.get("archived") or "any"})


def _lines(trends: service.Trends, job_filter: JobFilter) -> list[dict[str, Any]]:
    """Each line with its name, its figures of the whole time, and the query string of its jobs."""
    return [
        {
            "name": _name(trends, line),
            "whole": line.whole,
            "jobs": urlencode(service.link_parts(trends, job_filter, line)),
        }
        for line in trends.lines
    ]


def _rows(trends: service.Trends, job_filter: JobFilter) -> list[dict[str, Any]]:
    """The table: a row for each unit and line with jobs, the newest unit first."""
    return [
        {
            "start": start,
            "name": _name(trends, line),
            "point": line.points[number],
            "jobs": urlencode(service.link_parts(trends, job_filter, line, number)),
        }
        for number, start in reversed(list(enumerate(trends.starts)))
        for line in trends.lines
        if line.points[number].jobs or line.points[number].millionths
    ]


def _name(trends: service.Trends, line: service.Line) -> str:
    return line.value or ("Nobody here" if trends.by == "owner" else "All jobs" if not trends.by else "None")
