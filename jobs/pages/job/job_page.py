"""What the tabs of a job's page share: find the job, and render the frame around a tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render

from jobs import queries
from jobs.models import TransformJob
from jobs.pages.polling import is_poll, polled, version
from jobs.pages.sentences import sentence
from jobs.services.attempts import failure_report
from jobs.services.listing import history
from jobs.services.listing.display import for_display_with_attempts
from teams.access import MemberRequest
from teams.models import Team


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab; `name` is part of its template's name, `address` its URL's name."""

    name: str
    title: str
    address: str


TABS = (
    Tab("overview", "Overview", "job"),
    Tab("files", "Files", "job-files"),
    Tab("results", "Results", "job-results"),
    Tab("logs", "Logs", "job-logs"),
    Tab("metrics", "Metrics", "job-metrics"),
    Tab("request", "Request", "job-request"),
    Tab("activity", "Activity", "job-activity"),
)


def find_job(team: Team, key: str) -> TransformJob:
    """The team's job with this key; Http404 for any other team's."""
    job = queries.jobs(team).filter(key=key).first()
    if job is None:
        raise Http404("There is no such job in this team.")
    return job


def show(
    request: MemberRequest,
    job: TransformJob,
    tab: str,
    context: dict[str, Any],
    merged: queries.Merged | None = None,
) -> HttpResponse:
    """Render the job's page with this tab open: `jobs/job_<tab>.html` with `context`, within the frame.

    A poll gets the live part, or 304 if nothing changed: neither the job nor `page`, `log`, `trouble` and `seen` of
    `context`. If `polls` is false in `context` the page does not poll; with `body_apart` the tab is outside the live
    part. `merged` are the attempts' merged outputs, if the caller has them already.
    """
    displayed_job, merged = for_display_with_attempts(job, merged or queries.merged(job))
    together = merged if merged.plan and job.root is None and len(merged.attempts) > 1 else None
    live = context.get("polls", True) and (merged.is_active or queries.rows_pending(job))
    page_context = {
        **context,
        "job": displayed_job,
        "owner": history.submitter(job),
        "finish_first": failure_report.may_end_otherwise(merged.decisive),
        "live": live,
        "merged": merged,
        "together": together,
        "tab": tab,
        "tabs": TABS,
        "body": f"jobs/job_{tab}.html",
        "sentence": sentence(displayed_job, together),
        "poll_url": request.get_full_path(),
        "trial": job.trial_run,
        "trial_days": settings.TRIAL_DAYS,
    }
    if is_poll(request):
        marks = [context.get(name) for name in ("page", "log", "trouble", "seen")]
        tag = version("job", tab, queries.job_version(job), merged.version, marks, ticking=live)
        return polled(request, "jobs/job_live.html", page_context, tag)
    return render(request, "jobs/job.html", page_context)
