"""The first page: what is running, what failed; before the first job, how to have one."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jobs import queries
from jobs.filtering import JobFilter
from jobs.lifecycle import costing, queueing
from jobs.models import TransformJob
from jobs.pages.polling import is_poll, polled, version
from jobs.services import sample
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import JobState
from teams.access import MemberRequest, member_required
from teams.models import Role, Team

_SHOWN = 8
_FAILURES = (JobState.FAILED, JobState.REJECTED)


@require_GET
@member_required()
def home(request: MemberRequest) -> HttpResponse:
    """The team's morning: counters, active jobs, recent failures; for a new team, three steps."""
    if not TransformJob.objects.for_team(request.team).exists():
        return _first_visit(request)
    tag = version("home", queries.jobs_version(request.team), ticking=True)
    context = _busy(request.team)
    if is_poll(request):
        return polled(request, "jobs/home_live.html", context, tag)
    return render(request, "jobs/home.html", context)


@require_POST
@member_required(Role.OPERATOR)
def run_sample(request: MemberRequest) -> HttpResponse:
    """Submit the sample job."""
    try:
        job = sample.run(request.team, by=request.user)
    except (NotPossible, InvalidFields) as error:
        messages.error(request, str(error))
        return redirect("home")
    return redirect(job)


def _first_visit(request: HttpRequest) -> HttpResponse:
    team = request.team  # type: ignore[attr-defined]
    context = {
        "sample": sample.read(),
        "model": sample.find_model(team),
        "connections": queries.connections(team),
        "has_models": queries.models(team).exists(),
    }
    return render(request, "jobs/home_first.html", context)


def _busy(team: Team) -> dict[str, object]:
    day = timezone.now() - timedelta(hours=24)
    counts = queries.state_counts(team)
    recent = TransformJob.objects.for_team(team).filter(changed_at__gte=day)
    active = list(queries.jobs(team, JobFilter(state="active"))[:_SHOWN])
    queueing.tell(active)
    costing.tell(active)
    return {
        "running": sum(counts[s] for s in (JobState.SUBMITTING, JobState.IN_PROGRESS, JobState.STOPPING)),
        "waiting": counts[JobState.WAITING],
        "failed": recent.filter(state__in=_FAILURES).count(),
        "completed": recent.filter(state=JobState.COMPLETED).count(),
        "active_jobs": active,
        "latest_jobs": queries.jobs(team, JobFilter(state="ended"))[:_SHOWN],
        "connections": queries.connections(team),
    }
