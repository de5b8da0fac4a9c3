"""Actions on a job: stop, finish, archive, restore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from jobs import queries
from jobs.forms.changes import read_change
from jobs.models import TransformJob
from jobs.models.standing import whole
from jobs.pages.job.job_page import find_job
from jobs.pages.owners import owner
from jobs.services.attempts import archiving, attempts, failure_report, stopping
from jobs.services.errors import InvalidFields, NotPossible, OlderOutputs, Unavailable
from jobs.states import JobState
from teams import confirming, notices
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def stop(request: MemberRequest, key: str) -> HttpResponse:
    """Ask, then stop the job, or withdraw it if it waits."""
    job = find_job(request.team, key)
    if request.method == "GET":
        whole_job = whole(job)
        return (
            confirming.ask(request, _stop_question(request, whole_job))
            if whole_job.can_stop
            else redirect(job)
        )
    if _succeeds(request, lambda: stopping.stop(job, by=request.user)):
        withdrawn = job.state == JobState.CANCELLED
        messages.success(request, f"{job.name} is {'withdrawn' if withdrawn else 'being stopped'}.")
    return redirect(job)


@require_POST
@member_required(Role.OPERATOR)
def finish(request: MemberRequest, key: str) -> HttpResponse:
    """Write the missing outputs by a further attempt; the first attempt's page shows all attempts.

    With `with_change` in the form the attempt has the change that the page proposes.
    """
    job = find_job(request.team, key)
    may_replace = request.POST.get("replace_outputs") == "true"
    changes = _proposed_change(job) if request.POST.get("with_change") == "true" else {}
    try:
        _succeeds(
            request,
            lambda: attempts.finish_missing(
                job, by=request.user, replace_outputs=may_replace, changes=changes
            ),
        )
    except OlderOutputs as error:
        return confirming.ask(request, _replace_question(request, job, error.count, changes))
    return redirect(job.root or job)


def _proposed_change(job: TransformJob) -> dict[str, Any]:
    """The change that the cause of the failure proposes; empty without one."""
    failure = failure_report.failure_of(queries.merged(job).decisive)
    if failure is None or failure.change is None:
        return {}
    return read_change(failure.change.field, failure.change.value)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def archive(request: MemberRequest, key: str) -> HttpResponse:
    """Ask, then archive the job; the notice has an undo button."""
    job = find_job(request.team, key)
    if request.method == "GET":
        whole_job = whole(job)
        return (
            confirming.ask(request, _archive_question(request, whole_job))
            if whole_job.can_archive
            else redirect(job)
        )
    if _succeeds(request, lambda: archiving.archive(job, by=request.user)):
        undo = reverse("job-restore", args=[job.key])
        notices.success_with_undo(request, f"{job.name} is archived. Nothing is deleted.", undo)
    return redirect(job)


@require_POST
@member_required(Role.OPERATOR)
def restore(request: MemberRequest, key: str) -> HttpResponse:
    """Show the job in lists again."""
    job = find_job(request.team, key)
    if _succeeds(request, lambda: archiving.restore(job, by=request.user)):
        messages.success(request, f"{job.name} is back in the list.")
    return redirect(job)


def _succeeds(request: MemberRequest, act: Callable[[], object]) -> bool:
    """Run the action; on refusal show the reason and return False. Raises OlderOutputs, which the caller asks about."""
    try:
        act()
    except OlderOutputs:
        raise
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
        return False
    except InvalidFields as error:
        messages.error(request, " ".join(text for texts in error.fields.values() for text in texts))
        return False
    return True


def _stop_question(request: MemberRequest, job: TransformJob) -> Question:
    waits = job.state == JobState.WAITING
    verb = "Withdraw" if waits else "Stop"
    says = (
        "It has not started, so nothing was written. It cannot be brought back; clone it to submit it again."
        if waits
        else "Outputs that are written stay. A stopped job cannot go on; another attempt can write what is missing."
    )
    return Question(
        title=f"{verb} {job.name}, submitted by {owner(request, job)}?",
        says=says,
        button=f"{verb} the job",
        action=reverse("job-stop", args=[job.key]),
        back=job.get_absolute_url(),
        facts=_facts(request, job),
    )


def _replace_question(
    request: MemberRequest, job: TransformJob, count: int, changes: Mapping[str, Any]
) -> Question:
    objects = "1 object" if count == 1 else f"{count:,} objects"
    return Question(
        title=f"Finish {job.name} and replace {objects}?",
        says="They were there before this job ran, in the place of outputs that it has not written.",
        button=f"Replace {objects}",
        action=reverse("job-finish", args=[job.key]),
        back=job.get_absolute_url(),
        facts=_facts(request, job),
        fields=(("replace_outputs", "true"), *((("with_change", "true"),) if changes else ())),
    )


def _archive_question(request: MemberRequest, job: TransformJob) -> Question:
    return Question(
        title=f"Archive {job.name}, submitted by {owner(request, job)}?",
        says="Lists leave it out from then on. Nothing is deleted, and it can be brought back.",
        button="Archive the job",
        action=reverse("job-archive", args=[job.key]),
        back=job.get_absolute_url(),
        facts=_facts(request, job),
    )


def _facts(request: MemberRequest, job: TransformJob) -> tuple[tuple[str, object], ...]:
    facts: list[tuple[str, object]] = [
        ("State", job.get_state_display()),
        ("Submitted by", owner(request, job)),
        ("Outputs", job.output_path),
    ]
    if job.objects_total and job.is_counted:
        facts.append(("Written", f"{job.objects_done or 0:,} of {job.objects_total:,} objects"))
    return tuple(facts)
