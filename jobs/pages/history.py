"""The list of jobs or of their failures by cause, and the same jobs as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs import queries, search_query
from jobs.filtering import FILTERS, FilterError, Moment, find_filter
from jobs.models import TransformJob
from jobs.models.job import JobQuerySet
from jobs.pages import csv_export, filter_panel
from jobs.pages.polling import is_poll, polled, version
from jobs.pages.view_menu import menu
from jobs.services.listing import saved_views
from jobs.services.listing.columns import COLUMNS, DEFAULT_NAMES
from jobs.services.listing.display import for_display
from jobs.services.listing.job_list import Listing
from jobs.services.listing.typical import add_typical
from teams.access import MemberRequest, member_required
from teams.refusals import refused
from teams.whole_numbers import parse_whole_number

PAGE = 50


@require_GET
@member_required()
def history(request: MemberRequest) -> HttpResponseBase:
    """The team's jobs, filtered, sorted and grouped as the address says."""
    if "q" in request.GET:
        return _redirect_query(request)
    listing, problems = _read_listing(request)
    if is_poll(request):
        running = queries.jobs(request.team).active().exists()
        parts = (request.GET.urlencode(), queries.jobs_version(request.team))
        return polled(
            request,
            "jobs/causes_live.html" if listing.group else "jobs/history_live.html",
            lambda: _live_part(request, listing),
            version("jobs", *parts, ticking=running),
        )
    views = saved_views.visible(request.team, request.user)
    default_view = next((view for view in views if view.is_default), None)
    if default_view and not request.GET:
        return redirect(default_view.address)
    context = {
        "problems": problems,
        **_live_part(request, listing),
        **_frame(request, listing),
        **menu(request, listing, views),
    }
    return render(request, "jobs/history.html", context)


@require_GET
@member_required()
def export(request: MemberRequest) -> HttpResponseBase:
    """All jobs that the address describes as CSV, streamed. It has all columns unless the address names some."""
    try:
        listing = _read_exactly(request)
    except FilterError as error:
        return refused(error.fields)
    rows = queries.jobs_after(_matching_jobs(request, listing), listing.sort, None)
    name = f"jobs-{request.team.slug}-{timezone.localtime():%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = csv_export.job_lines(rows, listing.columns if request.GET.get("cols") else None)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _redirect_query(request: MemberRequest) -> HttpResponse:
    """Redirect a text of the search box to the address that the filter panel makes."""
    layout = {name: request.GET[name] for name in ("sort", "cols", "group", "view") if request.GET.get(name)}
    try:
        filters = search_query.parse(request.GET["q"])
    except FilterError as error:
        messages.error(request, " ".join(_problem_sentences(error.fields)))
        filters = {}
    return redirect(f"{reverse('jobs')}?{urlencode({**filters, **layout})}")


def _matching_jobs(request: MemberRequest, listing: Listing) -> JobQuerySet:
    return queries.jobs(request.team, listing.job_filter.for_user(request.user))


def _live_part(request: MemberRequest, listing: Listing) -> dict[str, Any]:
    """The context of the part of the page that polls."""
    parts = {**listing.parts(), **_view_part(request)}
    matching_jobs = _matching_jobs(request, listing)
    context = {
        "filters": urlencode(listing.parts()),
        "chips": _chips(listing, parts),
        "clear": f"{reverse('jobs')}?view=all",
        "list_address": reverse("jobs"),
        "query": urlencode(parts),
    }
    if listing.group:
        groups = [
            (failures, _query_string({"trial": "false", **parts, "group": "", "cause": failures.cause}))
            for failures in queries.failures_matching(request.team, listing.job_filter.for_user(request.user))
        ]
        return {**context, "groups": groups, "is_newest": True}
    return {**context, **_job_rows(request, listing, matching_jobs, parts)}


def _job_rows(
    request: MemberRequest, listing: Listing, matching_jobs: JobQuerySet, parts: dict[str, str]
) -> dict[str, Any]:
    cursor = parse_whole_number(request.GET.get("before", ""))
    rows = list(queries.jobs_after(matching_jobs, listing.sort, cursor)[: PAGE + 1])
    page, has_more = rows[:PAGE], len(rows) > PAGE
    jobs = for_display(page)
    if "typical" in listing.columns:
        add_typical(jobs)
    count = len(page) if cursor is None and not has_more else queries.count(matching_jobs)
    return {
        "jobs": jobs,
        "count": count,
        "counted": queries.COUNTED,
        "cost_sum": queries.cost_sum(matching_jobs) if count <= queries.COUNTED else None,
        "older": urlencode({**parts, "before": page[-1].pk}) if has_more else "",
        "newest": urlencode(parts) if cursor else "",
        "newer": urlencode({**parts, **_page_before(matching_jobs, listing.sort, page)}) if cursor else "",
        "is_newest": not cursor,
        "active": any(job.is_active for job in jobs),
        "select": request.member.can_operate,
        "sorts": _sorts(parts, listing.sort),
        "columns": listing.columns,
        "roomy": listing.columns == DEFAULT_NAMES,
        "archived": listing.job_filter.values.get("archived", ""),
    }


def _page_before(matching_jobs: JobQuerySet, sort: str, page: list[TransformJob]) -> dict[str, int]:
    """The query parameter of the page before this one; none if that is the first page."""
    if not page:
        return {}
    newer_ids = queries.jobs_after(matching_jobs, sort, page[0].pk, back=True).values_list("pk", flat=True)
    cursor = newer_ids[PAGE : PAGE + 1].first()
    return {"before": cursor} if cursor else {}


def _sorts(parts: dict[str, str], sort: str) -> dict[str, dict[str, str]]:
    """For each sort word the query string of a click on its column, and how the list is sorted by it now."""
    sorts = {}
    for word in queries.SORTS:
        now = sort if sort.removeprefix("-") == word else ""
        first = word if word == "name" else f"-{word}"
        reverse_sort = f"-{word}" if now == word else word
        link = urlencode({**parts, "sort": reverse_sort if now else first})
        sorts[word] = {"link": link, "now": {"": "", word: "ascending"}.get(now, "descending")}
    return sorts


def _chips(listing: Listing, parts: dict[str, str]) -> list[dict[str, str]]:
    """The filters that are set, each with the query string without it."""
    return [
        {
            "name": find_filter(name).word,
            "value": value,
            "without": urlencode({k: v for k, v in parts.items() if k != name}) or "view=all",
        }
        for name, value in listing.job_filter.values.items()
    ]


def _frame(request: MemberRequest, listing: Listing) -> dict[str, Any]:
    """The context of the filter panel, the search box and the menus above the list."""
    parts, view_part = listing.parts(), _view_part(request)
    layout = {name: value for name, value in parts.items() if name in ("sort", "cols", "group")}
    filter_fields = filter_panel.fields(request.team, listing.job_filter)
    return {
        "filter_fields": filter_fields,
        "search_words": filter_panel.search_words(filter_fields),
        "box": search_query.write(listing.job_filter.values),
        "kept": {**layout, **view_part},
        "address": {**parts, **view_part},
        "grouped": listing.group,
        "ungrouped": _query_string({**parts, "group": "", **view_part}),
        "by_cause": urlencode({**_recent_part(listing), **parts, "group": "cause", **view_part}),
        "these_columns": urlencode({**parts, "cols": ",".join(listing.columns) or "none"}),
        "all_columns": urlencode({name: value for name, value in parts.items() if name != "cols"}),
        "choices": [(column.name, column.head, column.name in listing.columns) for column in COLUMNS],
    }


def _query_string(parts: dict[str, str]) -> str:
    """The query string of the parts that are not empty."""
    return urlencode({name: value for name, value in parts.items() if value})


def _recent_part(listing: Listing) -> dict[str, str]:
    """A filter for the last 30 days, unless the list has a filter of time."""
    has_time = {"since", "until", "ended", "ended_until"} & listing.job_filter.values.keys()
    return {} if has_time else {"ended": "30d"}


def _view_part(request: HttpRequest) -> dict[str, str]:
    return {"view": request.GET["view"]} if request.GET.get("view") else {}


def _read_listing(request: HttpRequest) -> tuple[Listing, list[str]]:
    """The listing that the address describes, and sentences about the parts that cannot be used and were left out."""
    listing, problems = Listing.read_usable(_address_parts(request))
    return listing, _problem_sentences(problems)


def _read_exactly(request: HttpRequest) -> Listing:
    """The listing that every word of the address describes, with `q` as the search box takes it.

    FilterError names each word that cannot be used.
    """
    return Listing.read({**search_query.parse(request.GET.get("q", "")), **_address_parts(request)})


def _address_parts(request: HttpRequest) -> dict[str, str]:
    """The words of the address that describe a listing, whether they can be used or not."""
    parts = {name: str(value) for name, value in request.GET.items() if name not in ("q", "view", "before")}
    # The column chooser sends a name for each box that is ticked.
    return {**parts, "cols": ",".join(request.GET.getlist("cols"))}


def _problem_sentences(problems: Mapping[str, list[str]]) -> list[str]:
    labels = {
        declared.name: f"{declared.label} ({declared.name})"
        for declared in FILTERS
        if isinstance(declared.kind, Moment)
    }
    return [f"{labels.get(name, name)}: {text}" for name, texts in problems.items() for text in texts]
