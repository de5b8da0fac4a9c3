"""The list of jobs."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.filtering import FilterError, JobFilter
from jobs.lifecycle import costing, queueing
from jobs.pages.polling import is_poll, polled, version
from jobs.states import JobState
from teams.access import MemberRequest, member_required

PAGE = 50


@require_GET
@member_required()
def history(request: MemberRequest) -> HttpResponse:
    """The team's jobs, newest first, narrowed by what the address says."""
    wanted, problems = _wanted(request)
    before = request.GET.get("before", "")
    matching = queries.jobs(request.team, wanted)
    rows = matching.filter(id__lt=int(before[:18])) if before.isascii() and before.isdigit() else matching
    page = list(rows[: PAGE + 1])
    shown = page[:PAGE]
    queueing.tell(shown)
    costing.tell(shown)
    query = wanted.given()
    context = {
        "jobs": shown,
        "wanted": wanted,
        "problems": problems,
        "filtered": bool(query),
        "count": queries.count(matching),
        "counted": queries.COUNTED,
        "filters": urlencode(query),
        "older": urlencode({**query, "before": shown[-1].pk}) if len(page) > PAGE else "",
        "newest": urlencode(query) if before else "",
        "is_newest": not before,
        "active": any(job.is_active for job in shown),
        "query": urlencode({**query, **({"before": before} if before else {})}),
        "select": request.member.can_operate,
        **_choices(request),
    }
    if is_poll(request):
        tag = version(
            "jobs", context["query"], queries.jobs_version(request.team), ticking=bool(context["active"])
        )
        return polled(request, "jobs/history_live.html", context, tag)
    return render(request, "jobs/history.html", context)


def _choices(request: MemberRequest) -> dict[str, Any]:
    return {
        "states": [("active", "Active"), ("ended", "Ended"), *JobState.choices],
        "models": queries.models(request.team).values_list("name", flat=True).distinct().order_by("name"),
        "connections": queries.connections(request.team),
    }


def _wanted(request: HttpRequest) -> tuple[JobFilter, list[str]]:
    """The filter of the address, and sentences about what of it was left out because it cannot be used."""
    given = {name: request.GET.get(name, "") for name in JobFilter.names()}
    try:
        return JobFilter.read(given), []
    except FilterError as error:
        # An address typed by hand or kept from another version: what is right of it still counts.
        right = {name: "" if name in error.fields else value for name, value in given.items()}
        said = [f"{name} {text}" for name, texts in error.fields.items() for text in texts]
        return dataclasses.replace(JobFilter(), **right), said
