"""The list of jobs."""

from __future__ import annotations

import dataclasses
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jobs import queries
from jobs.lifecycle import queueing
from jobs.pages.polling import is_poll, polled, version
from jobs.states import JobState
from teams.access import MemberRequest, member_required

PAGE = 50


@require_GET
@member_required()
def history(request: MemberRequest) -> HttpResponse:
    """The team's jobs, newest first, narrowed by what the address says."""
    wanted = _wanted(request)
    before = request.GET.get("before", "")
    rows = queries.jobs(request.team, wanted)
    if before.isdecimal():
        rows = rows.filter(id__lt=int(before[:18]))
    page = list(rows[: PAGE + 1])
    shown = page[:PAGE]
    queueing.tell(shown)
    query = {name: value for name, value in _fields(wanted).items() if value}
    context = {
        "jobs": shown,
        "wanted": wanted,
        "filtered": bool(query),
        "older": urlencode({**query, "before": shown[-1].pk}) if len(page) > PAGE else "",
        "newest": urlencode(query) if before else "",
        "is_newest": not before,
        "active": any(job.is_active for job in shown),
        "query": urlencode({**query, **({"before": before} if before else {})}),
        "states": [("active", "Active"), ("ended", "Ended"), *JobState.choices],
        "models": queries.models(request.team).values_list("name", flat=True).distinct().order_by("name"),
        "connections": queries.connections(request.team),
    }
    if is_poll(request):
        tag = version(
            "jobs", context["query"], queries.jobs_version(request.team), ticking=bool(context["active"])
        )
        return polled(request, "jobs/history_live.html", context, tag)
    return render(request, "jobs/history.html", context)


def _wanted(request: HttpRequest) -> queries.JobFilter:
    wanted = queries.JobFilter(
        state=request.GET.get("state", ""),
        model=request.GET.get("model", ""),
        connection=request.GET.get("connection", ""),
        name=request.GET.get("name", "").strip(),
        external=request.GET.get("external", ""),
    )
    try:
        wanted.states()
    except ValueError:
        # An address typed by hand or kept from another version: show all rather than nothing.
        return dataclasses.replace(wanted, state="")
    return wanted


def _fields(wanted: queries.JobFilter) -> dict[str, str]:
    return {
        "state": wanted.state,
        "model": wanted.model,
        "connection": wanted.connection,
        "name": wanted.name,
        "external": wanted.external,
    }
