"""Add and remove the output checks of a model, and decide about held outputs, from the page of a job."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from jobs.models import TransformJob
from jobs.pages.job.job_page import find_job
from jobs.services.errors import InvalidFields, NotPossible
from jobs.states import Hold
from results import holding, output_checks
from results.models import OnMiss, OutputCheck
from results.output_checks import CheckFields
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role
from teams.whole_numbers import parse_whole_number


@require_POST
@member_required(Role.OPERATOR)
def add(request: MemberRequest, key: str) -> HttpResponse:
    """Add a check; every later job of the model is held against it."""
    job = find_job(request.team, key)
    sent = request.POST
    check_fields = CheckFields(
        measure=sent.get("measure", ""),
        column=sent.get("column", ""),
        low=sent.get("low", ""),
        high=sent.get("high", ""),
        runs=sent.get("runs", "").strip() or 5,
        on_miss=sent.get("on_miss", OnMiss.WARN),
    )
    for_preset = sent.get("for") == "preset"
    try:
        if for_preset and job.preset is None:
            raise InvalidFields({"preset": ["This job was not made from a preset."]})
        output_check = output_checks.add(
            job.connection,
            job.model_name,
            check_fields,
            by=request.user,
            preset=job.preset if for_preset else None,
            job=job,
        )
    except InvalidFields as error:
        messages.error(request, f"The check was not added. {error}")
    else:
        messages.success(request, f"{output_check.text}: later jobs are held against it.")
    return redirect("job-results", key=job.key)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def remove(request: MemberRequest, key: str) -> HttpResponse:
    """Ask, then remove the check that `check` names."""
    job = find_job(request.team, key)
    number = parse_whole_number(request.POST.get("check", "") or request.GET.get("check", "")) or 0
    output_check = _find_check(job, number)
    if request.method == "GET" and output_check is not None:
        return confirming.ask(request, _question(job, output_check))
    if request.method == "POST":
        try:
            if output_check is None:
                raise NotPossible("This check was removed already.")
            output_checks.remove(output_check, by=request.user, job=job)
        except NotPossible as error:
            messages.info(request, str(error))
        else:
            messages.success(request, "The check is removed.")
    return redirect("job-results", key=job.key)


@require_POST
@member_required(Role.OPERATOR)
def decide(request: MemberRequest, key: str) -> HttpResponse:
    """Accept or refuse the held outputs, with a note."""
    job = find_job(request.team, key)
    decision, note = request.POST.get("decision", ""), request.POST.get("note", "")
    try:
        if decision not in ("accept", "refuse"):
            raise InvalidFields({"decision": ["It must be accept or refuse."]})
        decided = holding.decide(job, accept=decision == "accept", note=note, by=request.user)
    except InvalidFields as error:
        messages.error(request, f"Nothing was decided. {error}")
    except NotPossible as error:
        messages.info(request, str(error))
    else:
        messages.success(request, f"{Hold(decided.hold or '').label}: what waits for its outputs goes on.")
    return redirect("job", key=job.key)


def _find_check(job: TransformJob, number: int) -> OutputCheck | None:
    checks = OutputCheck.objects.filter(connection=job.connection, model_name=job.model_name)
    return checks.filter(pk=number).first()


def _question(job: TransformJob, output_check: OutputCheck) -> Question:
    return Question(
        title=f"Remove the check “{output_check.text}”?",
        says="Later jobs are not held against it. Messages that were sent stay, and so do jobs that it holds.",
        button="Remove the check",
        action=reverse("remove-check", args=[job.key]),
        back=reverse("job-results", args=[job.key]),
        facts=(("Model", job.model_name), ("Preset", str(output_check.preset or "all"))),
        fields=(("check", output_check.pk),),
    )
