"""A job's page: overview, outputs, logs, request; and stopping it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from jobs import queries
from jobs.models import TransformJob
from jobs.pages.polling import is_poll, polled, version
from jobs.pages.sentences import sentence
from jobs.pages.snippets import snippets
from jobs.services import logs, results, stopping
from jobs.services.errors import NotPossible, Unavailable
from jobs.states import MEANING, JobState
from teams.access import MemberRequest, member_required
from teams.models import Role, Team
from transform.spec import TransformSpec

_PLANNED_SHOWN = 200


@require_GET
@member_required()
def overview(request: MemberRequest, key: str) -> HttpResponse:
    """Progress, times, settings, the reason of a failure."""
    job = find_job(request.team, key)
    context = {
        "timeline": queries.timeline(job),
        "planned": queries.planned(job)[:_PLANNED_SHOWN],
        "meaning": MEANING[JobState(job.state)],
        "spec": TransformSpec.from_fields(job.spec),
    }
    return _show(request, job, "overview", context)


@require_GET
@member_required()
def outputs(request: MemberRequest, key: str) -> HttpResponse:
    """What the job has written."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {}
    try:
        context["page"] = results.outputs(job, after=request.GET.get("after", ""))
    except Unavailable as error:
        context["trouble"] = str(error)
    return _show(request, job, "outputs", context)


@require_GET
@member_required()
def log(request: MemberRequest, key: str) -> HttpResponse:
    """The end of one of the job's log streams."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {"stream": request.GET.get("stream", "")}
    try:
        context["log"] = logs.tail(job, stream=context["stream"])
    except Unavailable as error:
        context["trouble"] = str(error)
    except NotPossible as error:
        raise Http404(str(error)) from error
    return _show(request, job, "logs", context)


@require_GET
@member_required()
def request_tab(request: MemberRequest, key: str) -> HttpResponse:
    """The request as it was sent, and as code."""
    job = find_job(request.team, key)
    sent = TransformSpec.from_fields(job.spec).to_request(job.name)
    context = {"sent": json.dumps(sent, indent=2), "snippets": snippets(job, sent)}
    return _show(request, job, "request", context)


@require_POST
@member_required(Role.OPERATOR)
def stop(request: MemberRequest, key: str) -> HttpResponse:
    """Stop the job, or withdraw it while it waits."""
    job = find_job(request.team, key)
    try:
        stopping.stop(job, by=request.user)
    except NotPossible as error:
        messages.info(request, str(error))
    return redirect(job)


def find_job(team: Team, key: str) -> TransformJob:
    """The team's job with this key; Http404 for any other team's."""
    job = queries.jobs(team).filter(key=key).first()
    if job is None:
        raise Http404("There is no such job in this team.")
    return job


def _show(request: MemberRequest, job: TransformJob, tab: str, context: dict[str, Any]) -> HttpResponse:
    whole = {
        **context,
        "job": job,
        "tab": tab,
        "body": f"jobs/job_{tab}.html",
        "sentence": sentence(job),
        "poll_url": request.get_full_path(),
        "can_operate": request.member.allows(Role.OPERATOR),
    }
    if is_poll(request):
        seen = (context.get("page"), context.get("log"), context.get("trouble"))
        tag = version("job", tab, queries.job_version(job), seen, ticking=job.is_active)
        return polled(request, "jobs/job_live.html", whole, tag)
    return render(request, "jobs/job.html", whole)
