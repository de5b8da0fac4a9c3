"""Runs of a stage: beginning one, its page, stopping it; and pausing the stage's schedule."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.models import DeploymentRun
from deployments.pages.finding import find_run, find_stage
from deployments.services import pausing, queries, running, step_logs
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role


@require_POST
@member_required(Role.OPERATOR)
def run_now(request: MemberRequest, deployment: str, stage: str) -> HttpResponse:
    """Begin a run of what is deployed in the stage."""
    row = find_stage(request.team, deployment, stage)
    try:
        run = running.run_now(row, by=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect(row.deployment)
    return redirect(run)


@require_POST
@member_required(Role.OPERATOR)
def pause(request: MemberRequest, deployment: str, stage: str) -> HttpResponse:
    """Pause the stage's schedule, or resume it."""
    row = find_stage(request.team, deployment, stage)
    pauses = request.POST.get("paused") == "1"
    try:
        (pausing.pause if pauses else pausing.resume)(row, by=request.user)
        messages.success(request, f"{row.name} {'is paused' if pauses else 'runs by itself again'}.")
    except (InvalidFields, NotPossible) as error:
        messages.error(request, str(error))
    return redirect(row.deployment)


@require_GET
@member_required()
def run(request: MemberRequest, deployment: str, run: str) -> HttpResponse:
    """A run with its steps."""
    row = find_run(request.team, deployment, run)
    context = {
        "run": row,
        "steps": list(row.steps.all()),
        "deployment": row.stage.deployment,
        "to_compare": queries.runs_to_compare(row),
    }
    template = "deployments/run_live.html" if request.headers.get("HX-Request") else "deployments/run.html"
    return render(request, template, context)


@require_GET
@member_required()
def step_log(request: MemberRequest, deployment: str, run: str) -> HttpResponse:
    """The log of a run's script."""
    row = find_run(request.team, deployment, run)
    logs, problem = [], ""
    try:
        logs = step_logs.read_logs(row)
    except Unavailable as error:
        problem = str(error)
    context = {"run": row, "deployment": row.stage.deployment, "logs": logs, "problem": problem}
    return render(request, "deployments/step_log.html", context)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def stop_run(request: MemberRequest, deployment: str, run: str) -> HttpResponse:
    """Ask, then stop a run."""
    row = find_run(request.team, deployment, run)
    if request.method == "GET":
        return confirming.ask(request, _question(row)) if row.can_stop else redirect(row)
    try:
        running.stop(row, by=request.user)
        messages.success(request, "The run is being stopped.")
    except NotPossible as error:
        messages.error(request, str(error))
    return redirect(row)


def _question(run: DeploymentRun) -> Question:
    return Question(
        title=f"Stop the run of {run.stage}?",
        says="The step that runs is stopped, and those after it do not run. What was written stays.",
        button="Stop",
        action=reverse("stop-deployment-run", args=[run.stage.deployment.slug, run.key]),
        back=run.get_absolute_url(),
        facts=(("Version", run.version), ("Due", f"{run.due_at:%Y-%m-%d %H:%M} UTC")),
    )
