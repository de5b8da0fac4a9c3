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
from jobs.services.listing.columns import COLUMNS
from jobs.services.listing.display import for_display
from jobs.services.listing.job_list import Listing
from teams.access import MemberRequest, member_required
from teams.refusals import refused
from teams.whole_numbers import parse_whole_number

PAGE = 50


@require_GET
@member_required()
def history(request: MemberRequest) -> HttpResponseBase:
    """The team's jobs, narrowed, sorted and grouped by what the address says."""
    if "q" in request.GET:
        return _from_box(request)
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
    known = saved_views.visible(request.team, request.user)
    usual = next((view for view in known if view.is_default), None)
    if usual and not request.GET:
        return redirect(usual.address)
    context = {
        "problems": problems,
        **_live_part(request, listing),
        **_panel(request, listing),
        **menu(request, listing, known),
    }
    return render(request, "jobs/history.html", context)


@require_GET
@member_required()
def export(request: MemberRequest) -> HttpResponseBase:
    """All jobs that the address describes, as CSV, sent while it is read; all columns unless it names some."""
    try:
        listing = _read_exactly(request)
    except FilterError as error:
        return refused(error.fields)
    rows = queries.jobs_after(_matching(request, listing), listing.sort, None)
    name = f"jobs-{request.team.slug}-{timezone.localtime():%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = csv_export.job_lines(rows, listing.columns if request.GET.get("cols") else None)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _from_box(request: MemberRequest) -> HttpResponse:
    """What was typed into the search box, as the address that the filter panel would make."""
    kept = {name: request.GET[name] for name in ("sort", "cols", "group", "view") if request.GET.get(name)}
    try:
        given = search_query.parse(request.GET["q"])
    except FilterError as error:
        messages.error(request, " ".join(_problem_sentences(error.fields)))
        given = {}
    return redirect(f"{reverse('jobs')}?{urlencode({**given, **kept})}")


def _matching(request: MemberRequest, listing: Listing) -> JobQuerySet:
    return queries.jobs(request.team, listing.job_filter.for_user(request.user))


def _live_part(request: MemberRequest, listing: Listing) -> dict[str, Any]:
    """What the part of the page that renews itself shows."""
    address = listing.parts()
    view = request.GET.get("view", "")
    named = {**address, **_named(request)}
    matching = _matching(request, listing)
    shared = {
        "filters": urlencode(address),
        "chips": _chips(listing, view),
        "clear": f"{reverse('jobs')}?view=all",
        "query": urlencode(named),
    }
    if listing.group:
        groups = [
            (found, _address({**named, "group": "", "cause": found.cause}))
            for found in queries.failures(matching)
        ]
        return {**shared, "groups": groups, "is_newest": True}
    return {**shared, **_rows(request, listing, matching, named)}


def _rows(
    request: MemberRequest, listing: Listing, matching: JobQuerySet, named: dict[str, str]
) -> dict[str, Any]:
    cursor = parse_whole_number(request.GET.get("before", ""))
    page = list(queries.jobs_after(matching, listing.sort, cursor)[: PAGE + 1])
    shown = page[:PAGE]
    whole = cursor is None and len(page) <= PAGE
    jobs = for_display(shown)
    return {
        "jobs": jobs,
        "count": len(shown) if whole else queries.count(matching),
        "counted": queries.COUNTED,
        "older": urlencode({**named, "before": shown[-1].pk}) if len(page) > PAGE else "",
        "newest": urlencode(named) if cursor else "",
        "newer": urlencode({**named, **_page_before(matching, listing.sort, shown)}) if cursor else "",
        "is_newest": not cursor,
        "active": any(job.is_active for job in jobs),
        "select": request.member.can_operate,
        "sorts": _sorts(named, listing.sort),
        "columns": listing.columns,
        "archived": listing.job_filter.values.get("archived", ""),
    }


def _page_before(matching: JobQuerySet, sort: str, shown: list[TransformJob]) -> dict[str, int]:
    """Where the page before the rows `shown` begins; nothing if that is the first one."""
    if not shown:
        return {}
    nearest = queries.jobs_after(matching, sort, shown[0].pk, back=True).values_list("pk", flat=True)
    begins = nearest[PAGE : PAGE + 1].first()
    return {"before": begins} if begins else {}


def _sorts(named: dict[str, str], sort: str) -> dict[str, dict[str, str]]:
    """For each order the address that a click on its column leads to, and how it is sorted now."""
    found = {}
    for word in queries.SORTS:
        now = sort if sort.removeprefix("-") == word else ""
        first = word if word == "name" else f"-{word}"
        other = f"-{word}" if now == word else word
        link = urlencode({**named, "sort": other if now else first})
        found[word] = {"link": link, "now": {"": "", word: "ascending"}.get(now, "descending")}
    return found


def _chips(listing: Listing, view: str) -> list[dict[str, str]]:
    """The filters that are set, each with the address without it."""
    parts = {**listing.parts(), **({"view": view} if view else {})}
    return [
        {
            "name": find_filter(name).word,
            "value": value,
            "without": urlencode({k: v for k, v in parts.items() if k != name}) or "view=all",
        }
        for name, value in listing.job_filter.values.items()
    ]


def _panel(request: MemberRequest, listing: Listing) -> dict[str, Any]:
    """What the filter panel, the search box and the menus above the list show."""
    own = {name: value for name, value in listing.parts().items() if name in ("sort", "cols", "group")}
    kept = {**own, **_named(request)}
    return {
        "filter_fields": filter_panel.fields(request.team, listing.job_filter),
        "box": search_query.write(listing.job_filter.values),
        "kept": kept,
        "address": {**listing.parts(), **_named(request)},
        "grouped": listing.group,
        "ungrouped": _address({**listing.parts(), "group": "", **_named(request)}),
        "by_cause": urlencode({**_lately(listing), **listing.parts(), "group": "cause", **_named(request)}),
        "these_columns": urlencode({**listing.parts(), "cols": ",".join(listing.columns) or "none"}),
        "all_columns": urlencode({name: v for name, v in listing.parts().items() if name != "cols"}),
        "choices": [(column.name, column.head, column.name in listing.columns) for column in COLUMNS],
    }


def _address(parts: dict[str, str]) -> str:
    """A query string of those parts that say anything."""
    return urlencode({name: value for name, value in parts.items() if value})


def _lately(listing: Listing) -> dict[str, str]:
    """What failed long ago is looked at on purpose only."""
    has_time = {"since", "until", "ended"} & listing.job_filter.values.keys()
    return {} if has_time else {"ended": "30d"}


def _named(request: HttpRequest) -> dict[str, str]:
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
