"""The home page: running and failed jobs; for a team without jobs, how to run the first one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from jobs import queries
from jobs.filtering import JobFilter
from jobs.forms.job_fields import job_fields
from jobs.models import TransformJob
from jobs.pages.polling import is_poll, polled, version
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.listing import budgets, home_facts, home_summary
from jobs.services.listing import by_day as by_days
from jobs.services.listing.display import for_display
from jobs.services.submitting import sample
from teams.access import MemberRequest, member_required
from teams.models import Role, Team

#: Rows of each panel.
_ACTIVE, _CAUSES, _ENDED = 8, 5, 5


@require_GET
@member_required()
def home(request: MemberRequest) -> HttpResponse:
    """Counters, active jobs, failures by cause, costs and connections; for a new team, three steps."""
    if not TransformJob.objects.for_team(request.team).exists():
        return _first_visit(request)
    tag = version("home", queries.jobs_version(request.team), ticking=True)
    if is_poll(request):
        return polled(request, "jobs/home_live.html", lambda: _busy(request.team), tag)
    context = _busy(request.team)
    if request.member.can_operate:
        context["samples"] = sample.never_run(
            request.team, [*context["active_jobs"], *context["latest_jobs"]]
        )
    return render(request, "jobs/home.html", context)


@require_POST
@member_required(Role.OPERATOR)
def run_sample(request: MemberRequest) -> HttpResponse:
    """Submit the job of the sample that the form names."""
    name = request.POST.get("sample", sample.BREAST_CANCER)
    try:
        job = sample.run(request.team, name, by=request.user)
    except (NotPossible, InvalidFields) as error:
        messages.error(request, str(error))
        return redirect("home")
    return redirect(job)


def _first_visit(request: HttpRequest) -> HttpResponse:
    team = request.team  # type: ignore[attr-defined]
    context = {
        "samples": sample.loaded(team),
        "connections": queries.connections(team),
        "has_models": queries.models(team).exists(),
    }
    return render(request, "jobs/home_first.html", context)


def _busy(team: Team) -> dict[str, Any]:
    counters = home_summary.counters(team)
    figures = counters.numbers
    active = queries.jobs(team, JobFilter(state="active"))[:_ACTIVE]
    failures = home_summary.failures(team)
    causes = [group.cause for group in failures[:_CAUSES]]
    failed_jobs = queries.jobs(team, JobFilter(**home_summary.LATELY))
    standing = budgets.standing(team)
    by_day, tries = by_days.failures(failed_jobs, causes), by_days.tries(failed_jobs, causes)
    return {
        **figures,
        "now": home_facts.now_text(),
        "facts": counters.facts,
        "labels": {name: field.label for name, field in job_fields().items()},
        "is_busy": figures["running"] or figures["waiting"],
        "counted": queries.COUNTED,
        "failed_link": urlencode(home_summary.FAILED),
        "attention_link": urlencode(home_summary.ATTENTION),
        "active_jobs": for_display(active),
        "active_columns": ("model", "progress", "done_at", "cost", "owner"),
        "ended_columns": ("model", "duration", "cost", "owner", "ended"),
        "failures": [
            (
                group,
                urlencode({"cause": group.cause, **home_summary.LATELY}),
                by_day[group.cause],
                tries.get(group.cause),
            )
            for group in failures[:_CAUSES]
        ],
        "failures_link": urlencode({"group": "cause", **home_summary.LATELY}),
        "failed_lately": sum(group.count for group in failures),
        "latest_jobs": for_display(home_summary.ended(team)[:_ENDED]),
        "spend": home_summary.spend(team),
        "spend_by_day": by_days.spend(standing.by_day),
        "standing": standing,
        "late_jobs": home_summary.late(team),
        "health": home_summary.health(team, counters.by_connection),
        "processes": home_summary.processes(),
    }
