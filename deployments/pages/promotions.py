"""Promoting a version to a stage, and rolling a stage back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from deployments.models import Promotion, PromotionState, Stage
from deployments.pages.deployments import RUNS
from deployments.pages.finding import find_stage
from deployments.services import comparing, promoting, queries
from jobs.services.errors import InvalidFields, NotPossible
from teams import confirming
from teams.access import MemberRequest, member_required, require
from teams.confirming import Question
from teams.models import Role


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def promote(request: MemberRequest, deployment: str, stage: str, version: int) -> HttpResponse:
    """Show what a version changes in a stage, then promote it, or ask an admin to."""
    row = find_stage(request.team, deployment, stage)
    if request.method == "POST":
        return _promote(request, row, version)
    if version not in promoting.promotable(row):
        messages.error(request, f"Version {version} cannot be promoted to {row.name}.")
        return redirect(row.deployment)
    comparison = comparing.compare(row, version)
    before = comparison.stage_before
    runs = queries.runs(request.team).filter(stage=before, version=version)[:RUNS] if before else []
    context = {
        "stage": row,
        "deployment": row.deployment,
        "version": version,
        "promotion": queries.open_promotion(row),
        "comparison": comparison,
        "runs": list(runs),
        "may_decide": request.member.can_admin or not row.needs_approval,
    }
    return render(request, "deployments/promote.html", context)


def _promote(request: MemberRequest, stage: Stage, version: int) -> HttpResponse:
    note = request.POST.get("note", "")
    try:
        promotion = promoting.request(stage, version, member=request.member, note=note)
    except (InvalidFields, NotPossible) as error:
        messages.error(request, str(error))
    else:
        waits = promotion.state == PromotionState.WAITING
        text = "waits for an admin's approval" if waits else "is being deployed"
        messages.success(request, f"Version {version} {text} in {stage.name}.")
    return redirect(stage.deployment)


@require_POST
@member_required(Role.OPERATOR)
def reject(request: MemberRequest, deployment: str, stage: str) -> HttpResponse:
    """Reject what is offered or waits."""
    row = find_stage(request.team, deployment, stage)
    if row.needs_approval:
        require(request.member, Role.ADMIN)
    promotion = queries.open_promotion(row)
    try:
        if promotion is None:
            raise NotPossible("There is nothing to reject any more.")
        promoting.reject(promotion, member=request.member, note=request.POST.get("note", ""))
        messages.success(request, f"Version {promotion.version} is rejected for {row.name}.")
    except (InvalidFields, NotPossible) as error:
        messages.error(request, str(error))
    return redirect(row.deployment)


@require_http_methods(["GET", "POST"])
@member_required(Role.OPERATOR)
def roll_back(request: MemberRequest, deployment: str, stage: str, version: int) -> HttpResponse:
    """Ask, then go back to an earlier version."""
    row = find_stage(request.team, deployment, stage)
    if row.needs_approval:
        require(request.member, Role.ADMIN)
    earlier = {promotion.version: promotion for promotion in queries.versions_of(row)}
    if request.method == "GET":
        if version not in earlier or version == row.version:
            messages.error(request, f"{row.name} cannot go back to version {version}.")
            return redirect(row.deployment)
        return confirming.ask(request, _question(row, earlier[version]), "deployments/roll_back.html")
    try:
        promoting.roll_back(row, version, member=request.member, note=request.POST.get("note", ""))
        messages.success(request, f"{row.name} goes back to version {version}.")
    except (InvalidFields, NotPossible) as error:
        messages.error(request, str(error))
    return redirect(row.deployment)


def _question(stage: Stage, promotion: Promotion) -> Question:
    comparison = comparing.compare(stage, promotion.version)
    changes = tuple(
        (change.field, f"{change.before or 'nothing'} → {change.after or 'nothing'}")
        for change in comparison.version
    )
    return Question(
        title=f"Roll {stage.name} of {stage.deployment.name} back to version {promotion.version}?",
        says=f"The next run uses version {promotion.version}. A run that is under way goes on with version "
        f"{stage.version}, and what earlier runs wrote stays.",
        button="Roll back",
        action=reverse("roll-back", args=[stage.deployment.slug, stage.slug, promotion.version]),
        back=stage.deployment.get_absolute_url(),
        facts=(("Now", f"version {stage.version}"), ("Then", f"version {promotion.version}"), *changes),
    )
