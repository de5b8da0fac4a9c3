"""A job's page: overview, outputs, logs, request; and stopping it, finishing it, running it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from jobs import queries
from jobs.forms.job_fields import job_fields
from jobs.lifecycle import costing, queueing
from jobs.lifecycle.starting import asked_for
from jobs.models import TransformJob
from jobs.pages.polling import is_poll, polled, version
from jobs.pages.sentences import rows_sentence, sentence
from jobs.pages.snippets import snippets
from jobs.services import archiving, attempts, failing, logs, results, stopping
from jobs.services.errors import NotPossible, Unavailable
from jobs.states import MEANING, JobState
from teams.access import MemberRequest, member_required
from teams.models import Role, Team

_PLANNED_SHOWN = 200


@require_GET
@member_required()
def overview(request: MemberRequest, key: str) -> HttpResponse:
    """Progress, times, settings, the reason of a failure."""
    job = find_job(request.team, key)
    files = request.GET.get("files", "")
    files = files if files in ("missing", "rows") else ""
    rows, missing = queries.rows(job), queries.planned(job, "missing").count()
    planned = queries.planned(job, files)[:_PLANNED_SHOWN]
    context = {
        "timeline": queries.timeline(job),
        "planned": planned,
        "missing": missing,
        "files": files,
        "shown_of": {"missing": missing, "rows": rows.differ if rows else 0}.get(
            files, job.objects_total or 0
        ),
        "rows": rows,
        "rows_sentence": rows_sentence(rows),
        "has_rows": any(item.rows_in is not None for item in planned),
        "meaning": MEANING[JobState(job.state)],
        "spec": job.spec,
        **_failure(job),
    }
    return _show(request, job, "overview", context)


@require_GET
@member_required()
def outputs(request: MemberRequest, key: str) -> HttpResponse:
    """What the job has written."""
    job = find_job(request.team, key)
    context: dict[str, Any] = {}
    try:
        page = results.outputs(job, after=request.GET.get("after", ""))
        context |= {"page": page, "has_rows": any(output.rows_in is not None for output in page.outputs)}
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
def errors(request: MemberRequest, key: str) -> HttpResponse:
    """What the data log said first of a failed job, for the job's page to fetch; to others, the log itself."""
    job = find_job(request.team, key)
    if not is_poll(request):
        return redirect("job-logs", key=job.key)
    failure = failing.failure_of(job)
    # One whose log was never read for a cause shows its first errors, as no rule was tried on them.
    read = bool(job.cause) and failure is not None and not failure.is_known
    context: dict[str, Any] = {"job": job, "last": read}
    try:
        context["lines"] = logs.last_words(job) if context["last"] else logs.first_errors(job)
    except Unavailable as error:
        context["trouble"] = str(error)
    return render(request, "jobs/job_errors.html", context)


@require_GET
@member_required()
def request_tab(request: MemberRequest, key: str) -> HttpResponse:
    """The request as it was sent, and as code."""
    job = find_job(request.team, key)
    sent = asked_for(job)
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


@require_POST
@member_required(Role.OPERATOR)
def finish(request: MemberRequest, key: str) -> HttpResponse:
    """Write what is missing, by a further attempt; the first one's page tells of all of them."""
    return _attempt(request, key, attempts.finish_missing)


@require_POST
@member_required(Role.OPERATOR)
def retry(request: MemberRequest, key: str) -> HttpResponse:
    """Run the same request again, as a further attempt."""
    return _attempt(request, key, attempts.retry)


@require_POST
@member_required(Role.OPERATOR)
def archive(request: MemberRequest, key: str) -> HttpResponse:
    """Leave the job out of lists."""
    return _put_away(request, key, archiving.archive)


@require_POST
@member_required(Role.OPERATOR)
def restore(request: MemberRequest, key: str) -> HttpResponse:
    """Show the job in lists again."""
    return _put_away(request, key, archiving.restore)


def _put_away(request: MemberRequest, key: str, verb: Callable[..., TransformJob]) -> HttpResponse:
    job = find_job(request.team, key)
    try:
        verb(job, by=request.user)
    except NotPossible as error:
        messages.info(request, str(error))
    return redirect(job)


def _attempt(request: MemberRequest, key: str, verb: Callable[..., TransformJob]) -> HttpResponse:
    job = find_job(request.team, key)
    try:
        verb(job, by=request.user)
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
    return redirect(job.root or job)


def _failure(job: TransformJob) -> dict[str, Any]:
    """The cause of a failure, and what is to be tried under the name that the form has for it."""
    failure = failing.failure_of(job)
    if failure is None or failure.change is None:
        return {"failure": failure}
    label = job_fields()[failure.change.field].label
    return {"failure": failure, "change_label": label, "try_url": failing.try_url(job, failure.change)}


def find_job(team: Team, key: str) -> TransformJob:
    """The team's job with this key; Http404 for any other team's."""
    job = queries.jobs(team).filter(key=key).first()
    if job is None:
        raise Http404("There is no such job in this team.")
    return job


def _show(request: MemberRequest, job: TransformJob, tab: str, context: dict[str, Any]) -> HttpResponse:
    queueing.tell([job])
    costing.tell([job])
    merged = queries.merged(job)
    together = merged if merged.plan and job.root is None and len(merged.attempts) > 1 else None
    live = merged.is_active or queries.rows_pending(job)
    whole = {
        **context,
        "job": job,
        "live": live,
        "merged": merged,
        "together": together,
        "tab": tab,
        "body": f"jobs/job_{tab}.html",
        "sentence": sentence(job, together),
        "poll_url": request.get_full_path(),
    }
    if is_poll(request):
        seen = (context.get("page"), context.get("log"), context.get("trouble"))
        tag = version("job", tab, queries.job_version(job), merged.version, seen, ticking=live)
        return polled(request, "jobs/job_live.html", whole, tag)
    return render(request, "jobs/job.html", whole)
