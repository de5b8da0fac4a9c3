"""The list of jobs, and the same as CSV."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from jobs import queries, tokens
from jobs.filtering import CAUSES, FilterError, JobFilter
from jobs.lifecycle import costing, queueing
from jobs.pages import table
from jobs.pages.polling import is_poll, polled, version
from jobs.states import JobState
from teams.access import MemberRequest, member_required

PAGE = 50


@require_GET
@member_required()
def history(request: MemberRequest) -> HttpResponseBase:
    """The team's jobs, narrowed and sorted by what the address says."""
    if "q" in request.GET:
        return _from_box(request)
    wanted, sort, problems = _asked(request)
    before = request.GET.get("before", "")
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    matching = queries.jobs(request.team, wanted.seen_by(request.user))
    page = list(queries.beyond(matching, sort, cursor)[: PAGE + 1])
    shown = page[:PAGE]
    queueing.tell(shown)
    costing.tell(shown)
    given, order = wanted.given(), {} if sort == queries.NEWEST else {"sort": sort}
    address = {**given, **order}
    context = {
        "jobs": shown,
        "problems": problems,
        "filtered": bool(given),
        "count": queries.count(matching),
        "counted": queries.COUNTED,
        "filters": urlencode(address),
        "older": urlencode({**address, "before": shown[-1].pk}) if len(page) > PAGE else "",
        "newest": urlencode(address) if cursor else "",
        "is_newest": not cursor,
        "active": any(job.is_active for job in shown),
        "query": urlencode({**address, **({"before": before} if cursor else {})}),
        "select": request.member.can_operate,
        "sort": sort,
        "sorts": _sorts(given, sort),
        **_panel(request, wanted, order),
    }
    if is_poll(request):
        tag = version(
            "jobs", context["query"], queries.jobs_version(request.team), ticking=bool(context["active"])
        )
        return polled(request, "jobs/history_live.html", context, tag)
    return render(request, "jobs/history.html", context)


@require_GET
@member_required()
def export(request: MemberRequest) -> HttpResponseBase:
    """All jobs that the address describes, as CSV, sent while it is read."""
    wanted, sort, problems = _asked(request)
    if problems:
        for problem in problems:
            messages.error(request, problem)
        return redirect("jobs")
    rows = queries.beyond(queries.jobs(request.team, wanted.seen_by(request.user)), sort, None)
    name = f"jobs-{request.team.slug}-{timezone.now():%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(table.csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _from_box(request: MemberRequest) -> HttpResponse:
    """What was typed into the search box, as the address that the filter panel would make."""
    order = {"sort": request.GET["sort"]} if request.GET.get("sort") else {}
    try:
        given = tokens.parse(request.GET["q"])
    except FilterError as error:
        messages.error(request, " ".join(_said(error)))
        given = {}
    return redirect(f"{reverse('jobs')}?{urlencode({**given, **order})}")


def _sorts(given: dict[str, str], sort: str) -> dict[str, dict[str, str]]:
    """For each order the address that a click on its column leads to, and how it is sorted now."""
    found = {}
    for word in queries.SORTS:
        now = sort if sort.removeprefix("-") == word else ""
        first = word if word == "name" else f"-{word}"
        other = f"-{word}" if now == word else word
        link = urlencode({**given, "sort": other if now else first})
        found[word] = {"link": link, "now": {"": "", word: "ascending"}.get(now, "descending")}
    return found


def _panel(request: MemberRequest, wanted: JobFilter, order: dict[str, str]) -> dict[str, Any]:
    """What the filter panel, the search box and the chips show."""
    given = wanted.given()
    chips = [
        {
            "name": tokens.WRITTEN.get(name, name),
            "value": value,
            "without": urlencode({**{k: v for k, v in given.items() if k != name}, **order}),
        }
        for name, value in given.items()
    ]
    return {
        "wanted": wanted,
        "chips": chips,
        "box": tokens.write(given),
        "states": [("active", "Active"), ("ended", "Ended"), *JobState.choices],
        "causes": CAUSES,
        "models": queries.models(request.team).values_list("name", flat=True).distinct().order_by("name"),
        "connections": queries.connections(request.team),
        "people": request.team.members.order_by("username").values_list("username", flat=True),
    }


def _asked(request: HttpRequest) -> tuple[JobFilter, str, list[str]]:
    """Filter and order of the address, and sentences about what of it was left out as it cannot be used."""
    given = {name: request.GET.get(name, "") for name in JobFilter.names()}
    problems: list[str] = []
    try:
        sort = queries.sort_of(request.GET.get("sort", ""))
    except FilterError as error:
        sort, problems = queries.NEWEST, _said(error)
    try:
        return JobFilter.read(given), sort, problems
    except FilterError as error:
        # An address typed by hand or kept from another version: what is right of it still counts.
        right = {name: "" if name in error.fields else value.strip() for name, value in given.items()}
        return dataclasses.replace(JobFilter(), **right), sort, [*problems, *_said(error)]


def _said(error: FilterError) -> list[str]:
    return [f"{name}: {text}" for name, texts in error.fields.items() for text in texts]
