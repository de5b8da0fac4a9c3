"""Run a job again: if it would replace outputs, the page asks for the output path."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job
from jobs.pages.owners import owner
from jobs.services.attempts import attempts
from jobs.services.errors import InvalidFields, NotPossible, OutputsExist, Unavailable
from jobs.services.submitting import replacing
from jobs.services.submitting.output_folders import beside
from jobs.services.submitting.replacing import Outputs, Replaced
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def retry(request: MemberRequest, key: str) -> HttpResponse:
    """Run the same request again. A POST without a choice of outputs runs it only if no output would be replaced."""
    job = find_job(request.team, key)
    try:
        attempts.check_retry(job)
        if request.method == "GET" or ("outputs" not in request.POST and any(_look(job))):
            return _question(request, job)
        attempt = attempts.retry(job, by=request.user, **_chosen(request))
    except OutputsExist as error:
        if request.POST.get("outputs") != Outputs.NEW:
            return _question(request, job)
        return _question(request, job, problem=f"At this path too {error.counted} would be replaced.")
    except InvalidFields as error:
        return _question(request, job, problem=" ".join(error.fields.get("output_path", [str(error)])))
    except NotPossible as error:
        messages.info(request, str(error))
        return redirect(job.root or job)
    return redirect(attempt.root or attempt)


def _chosen(request: MemberRequest) -> dict[str, Any]:
    """The arguments of `attempts.retry` for the person's choice."""
    choice = request.POST.get("outputs", "")
    if choice == Outputs.NEW:
        return {"output_path": request.POST.get("output_path", "").strip()}
    return {"outputs": Outputs.REPLACE if choice == Outputs.REPLACE else Outputs.REFUSE}


def _look(job: TransformJob) -> tuple[Replaced | None, str]:
    """The outputs that would be replaced, or the reason why they are not known."""
    try:
        return replacing.find_for(job.connection, attempts.same_request(job)), ""
    except (Unavailable, NotPossible) as error:
        return None, str(error)


def _question(request: MemberRequest, job: TransformJob, problem: str = "") -> HttpResponse:
    replaced, trouble = _look(job)
    by = owner(request, job)
    question = Question(
        title=f"Run {job.name}, submitted by {by}, again?",
        says="",
        button="Run again",
        action=reverse("job-retry", args=[job.key]),
        back=job.get_absolute_url(),
        facts=(("Reads", job.data), ("Writes to", job.output_path)),
    )
    path = request.POST.get("output_path") or beside(job.output_path, timezone.now())
    context = {
        "replaced": replaced,
        "trouble": trouble,
        "new_path": path,
        "problem": problem,
        "choice": request.POST.get("outputs", Outputs.NEW),
    }
    answer = confirming.ask(request, question, "jobs/run_again.html", **context)
    answer.status_code = 400 if problem else 200
    return answer
