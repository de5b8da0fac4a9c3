"""The list of deployments, the page of one, and the forms that make, change and delete it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.form_stages import (
    NEW_DEPLOYMENT,
    NEW_STAGE,
    FormStage,
    edit_stages,
    posted_stages,
    stages_of,
)
from deployments.forms import DeploymentForm, start_of
from deployments.models import Deployment, DeploymentRun, Promotion, Stage
from deployments.pages.finding import find_deployment
from deployments.registry.services import groups as groups_service
from deployments.services import editing, pausing, promoting, queries
from jobs import queries as job_queries
from jobs.models import Connection
from jobs.services.errors import NotPossible, Unavailable
from teams import confirming
from teams.access import MemberRequest, member_required
from teams.confirming import Question
from teams.models import Role

#: Runs of a stage, and promotions of a deployment, that a page shows.
RUNS, PROMOTIONS = 5, 20


@dataclass(frozen=True, slots=True)
class StageCard:
    """A stage as the pages show it. `version` is what can be promoted to it now."""

    stage: Stage
    promotion: Promotion | None
    version: int | None
    next_times: list[datetime]
    runs: list[DeploymentRun]
    earlier: list[Promotion]


def stage_card(stage: Stage, runs: int = RUNS) -> StageCard:
    """What a card shows of a stage."""
    earlier = [row for row in queries.versions_of(stage) if row.version != stage.version]
    rows = queries.runs(stage.team).filter(stage=stage)[:runs]
    return StageCard(
        stage,
        queries.open_promotion(stage),
        promoting.next_version(stage),
        pausing.next_times(stage),
        list(rows),
        earlier[:RUNS],
    )


@require_GET
@member_required()
def deployments(request: MemberRequest) -> HttpResponse:
    """List the team's deployments, each with its stages."""
    rows = [
        (deployment, [stage_card(stage, runs=1) for stage in queries.stages(deployment)])
        for deployment in queries.deployments(request.team)
    ]
    return render(request, "deployments/deployments.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def new_deployment(request: MemberRequest) -> HttpResponse:
    """Make a deployment."""
    first = job_queries.connections(request.team).first()
    start = {"settings.content_type": "text/csv", "settings.split_type": "Line"}
    start |= {"settings.assemble_with": "Line", "settings.instance_type": "ml.m5.large"}
    if first is not None:
        start |= dict.fromkeys(
            ("connection", *(f"stages.{stage.slug}.connection" for stage in NEW_DEPLOYMENT)), first.slug
        )
    # The registry is asked only for a form that is to be filled in.
    groups = _group_names(first) if first is not None and request.method == "GET" else []
    group = request.GET.get("group", "") or (groups[0] if len(groups) == 1 else "")
    if group:
        start |= {"package_group": group, "name": group}
        start |= {"connection": request.GET.get("connection", start.get("connection", ""))}
    form = _form(request, NEW_DEPLOYMENT, start)
    if request.method == "POST" and (deployment := form.save(request.member)):
        messages.success(
            request, f"{deployment.name} is made. The registry is asked for an approved version now."
        )
        return redirect(deployment)
    context = {"form": form, "groups": groups}
    return render(request, "deployments/form.html", context, status=400 if form.errors else 200)


def _form(request: MemberRequest, start: Sequence[FormStage], initial: Mapping[str, Any]) -> DeploymentForm:
    """The form with the stages of `start`, or as it was sent."""
    if request.method != "POST":
        return DeploymentForm(request.team, start, initial=initial)
    return DeploymentForm(request.team, posted_stages(request.POST, start), request.POST, initial=initial)


@require_POST
@member_required(Role.OPERATOR, draws_only=True)
def form_stages(request: MemberRequest, deployment: str = "") -> HttpResponse:
    """Draw the stages of the form with one more, or without one. Nothing is saved."""
    row = find_deployment(request.team, deployment) if deployment else None
    start = stages_of(row) if row else NEW_DEPLOYMENT
    data, trouble = edit_stages(request.POST, start)
    form = DeploymentForm(request.team, posted_stages(data, start), data)
    if trouble:
        form.add_error(NEW_STAGE, trouble)
    return render(request, "deployments/form_stages.html", {"form": form, "deployment": row})


def _group_names(connection: Connection) -> list[str]:
    """The groups that the form suggests; none if the registry does not answer."""
    try:
        return [row.group.name for row in groups_service.list_groups(connection, overviews=False).rows]
    except (NotPossible, Unavailable):
        return []


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def edit_deployment(request: MemberRequest, deployment: str) -> HttpResponse:
    """Change a deployment and its stages."""
    row = find_deployment(request.team, deployment)
    form = _form(request, stages_of(row), start_of(row))
    if request.method == "POST" and form.save(request.member, row):
        messages.success(request, f"{row.name} is changed. Runs that are under way stay as they are.")
        return redirect(row)
    context = {"form": form, "deployment": row}
    return render(request, "deployments/form.html", context, status=400 if form.errors else 200)


@require_GET
@member_required()
def deployment(request: MemberRequest, deployment: str) -> HttpResponse:
    """A deployment: its stages side by side, and what became of its versions."""
    row = find_deployment(request.team, deployment)
    cards = [stage_card(stage) for stage in queries.stages(row)]
    promotions = queries.promotions(request.team).filter(stage__deployment=row)
    context = {
        "deployment": row,
        "cards": cards,
        "promotions": list(promotions[:PROMOTIONS]),
        "is_moving": any(
            card.promotion is not None or any(run.is_under_way for run in card.runs) for card in cards
        ),
    }
    template = (
        "deployments/deployment_live.html"
        if request.headers.get("HX-Request")
        else "deployments/deployment.html"
    )
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@member_required(Role.ADMIN)
def delete_deployment(request: MemberRequest, deployment: str) -> HttpResponse:
    """Ask, then delete a deployment."""
    row = find_deployment(request.team, deployment)
    if request.method == "GET":
        return confirming.ask(request, _delete_question(row))
    try:
        editing.delete(row, by=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect(row)
    messages.success(request, f"{row.name} is deleted.")
    return redirect("deployments")


def _delete_question(deployment: Deployment) -> Question:
    stages = queries.stages(deployment)
    facts = tuple(
        (stage.name, f"version {stage.version}" if stage.version else "nothing deployed") for stage in stages
    )
    runs = DeploymentRun.objects.filter(stage__in=stages).count()
    return Question(
        title=f"Delete the deployment {deployment.name}?",
        says=f"Its stages, schedules, promotions and the list of its {runs:,} runs are lost. Its models, its jobs and "
        "what they wrote stay.",
        button="Delete",
        action=reverse("delete-deployment", args=[deployment.slug]),
        back=deployment.get_absolute_url(),
        facts=facts,
    )
