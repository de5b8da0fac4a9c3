"""Find the bad record of an object, and run the object without it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jobs.models import RecordSearch, TransformJob
from jobs.pages.job.job_page import find_job
from jobs.pages.polling import is_poll
from jobs.services.attempts import bad_records
from jobs.services.attempts.bad_records import SearchPlan
from jobs.services.errors import NoSuchObject, NotPossible, Unavailable
from jobs.templatetags.deck import clocked, dollars
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def find(request: MemberRequest, key: str) -> HttpResponse:
    """Ask, with what it may cost, then begin the search in the object `file`."""
    job = find_job(request.team, key)
    file = request.POST.get("file") or request.GET.get("file", "")
    if not file:
        messages.info(request, "Choose the object among the files that failed.")
        return redirect("job-files", key=key)
    try:
        if request.method == "GET":
            return confirming.ask(request, _question(job, file, bad_records.plan(job, file)))
        search = bad_records.begin(job, file, by=request.user)
    except NoSuchObject as error:
        raise Http404(str(error)) from error
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
        return redirect("job-files", key=key)
    return redirect("record-search", key=key, search=search.key)


def _question(job: TransformJob, file: str, plan: SearchPlan) -> Question:
    cost = (
        "not known: the instance type has no price" if plan.cost is None else f"at most {dollars(plan.cost)}"
    )
    if plan.cost is None and job.connection.is_engine:
        cost = "none: it runs on the engine"
    return Question(
        title="Find the bad record?",
        says=(
            "Small jobs with the settings of this one test parts of the object, and parts of what fails, until single "
            f"records are left: up to {bad_records.MOST_BAD} of them. It can be stopped at any time. The records that "
            "fail are written beside the output; nothing that is there is replaced."
        ),
        button="Find it",
        action=reverse("find-bad-records", args=[job.key]),
        back=f"{reverse('job-files', args=[job.key])}?{urlencode({'search': file})}",
        facts=(
            ("Object", file),
            ("Small jobs", f"at most {plan.jobs}, one after the other, on one instance each"),
            ("Time of each", f"about {clocked(plan.seconds)} or less, as this job ran"),
            ("Cost", cost),
            ("Parts are written to", plan.place),
        ),
        fields=(("file", file),),
    )


@require_GET
@member_required()
def search(request: MemberRequest, key: str, search: str) -> HttpResponse:
    """How far a search is, and what it found; for a poll that part of the page only."""
    row = _find(request, key, search)
    context: dict[str, Any] = {
        "search": row,
        "job": row.job,
        "why_not": bad_records.why_no_output(row),
    }
    template = "jobs/record_search_live.html" if is_poll(request) else "jobs/record_search.html"
    return render(request, template, context)


@require_POST
@member_required(Role.OPERATOR)
def stop(request: MemberRequest, key: str, search: str) -> HttpResponse:
    """Stop a search and its job."""
    row = _find(request, key, search)
    try:
        bad_records.stop(row, by=request.user)
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
    return redirect("record-search", key=key, search=row.key)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def run_without(request: MemberRequest, key: str, search: str) -> HttpResponse:
    """Ask, then run the object without its bad records."""
    row = _find(request, key, search)
    here = reverse("record-search", args=[key, row.key])
    if request.method == "GET" and not bad_records.why_no_output(row):
        return confirming.ask(request, _run_question(row, here))
    try:
        if request.method == "POST":
            bad_records.run_without(row, by=request.user)
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
    return redirect(here)


def _run_question(row: RecordSearch, here: str) -> Question:
    count = len(row.bad_records)
    return Question(
        title=f"Run {row.object_key} without {count} bad record{'' if count == 1 else 's'}?",
        says=(
            "A job runs a copy of the object without them. In its output a line beginning with bad-record, or a JSON "
            "object with bad_record, stands in the place of each, so that every other line stays at its record's "
            "position. That becomes the output of the object."
        ),
        button="Run without these",
        action=reverse("run-without-bad-records", args=[row.job.key, row.key]),
        back=here,
        facts=(("Records", f"{row.records:,}"), ("Writes", row.output_key)),
    )


def _find(request: MemberRequest, key: str, search: str) -> RecordSearch:
    row = bad_records.searches_of(find_job(request.team, key)).filter(key=search).first()
    if row is None:
        raise Http404("There is no such search in this job.")
    return row
