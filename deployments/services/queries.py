"""Rows of deployments for pages and the API; every function starts from a team or from one of its rows."""

from __future__ import annotations

from django.db.models import Prefetch

from deployments.models import Deployment, DeploymentRun, Promotion, Stage
from deployments.models.promotion import OPEN
from deployments.models.run import StageRunState
from jobs.models.scoped import TeamQuerySet
from teams.models import Team


def deployments(team: Team) -> TeamQuerySet[Deployment]:
    """The team's deployments by name, with their stages in order."""
    stages = Stage.objects.select_related("connection", "model", "schedule", "team").order_by("position")
    return (
        Deployment.objects.for_team(team)
        .select_related("connection", "created_by", "team")
        .prefetch_related(Prefetch("stages", stages))
        .order_by("name", "id")
    )


def stages(deployment: Deployment) -> list[Stage]:
    """Its stages in order, each with its deployment."""
    rows = list(deployment.stages.all())
    for stage in rows:
        stage.deployment = deployment
    return rows


def find_stage(deployment: Deployment, slug: str) -> Stage | None:
    """The stage of this slug; None if there is none."""
    return next((stage for stage in stages(deployment) if stage.slug == slug), None)


def open_promotion(stage: Stage) -> Promotion | None:
    """The promotion into the stage that has not ended; None without one."""
    promotion = (
        stage.promotions.filter(state__in=sorted(OPEN)).select_related("requested_by", "decided_by").first()
    )
    if promotion is not None:
        promotion.stage = stage
    return promotion


def promotions(team: Team) -> TeamQuerySet[Promotion]:
    """The team's promotions, newest first."""
    return (
        Promotion.objects.for_team(team)
        .select_related(
            "stage__deployment__connection", "stage__connection", "requested_by", "decided_by", "team"
        )
        .order_by("-id")
    )


def runs(team: Team) -> TeamQuerySet[DeploymentRun]:
    """The team's runs, newest first, with their steps."""
    return (
        DeploymentRun.objects.for_team(team)
        .select_related(
            "stage__deployment", "stage__connection", "job", "requested_by", "scheduled_run", "team"
        )
        .prefetch_related("steps")
        .order_by("-id")
    )


def runs_to_compare(run: DeploymentRun) -> list[DeploymentRun]:
    """The newest completed run with a job of each other stage of the run's deployment, if the run has a job."""
    if run.job is None:
        return []
    newest = []
    for stage in run.stage.deployment.stages.exclude(pk=run.stage_id).order_by("position"):
        completed = stage.runs.filter(state=StageRunState.COMPLETED, job__isnull=False)
        newest += list(completed.select_related("stage", "job").order_by("-id")[:1])
    return newest


def versions_of(stage: Stage) -> list[Promotion]:
    """The versions that were deployed to a stage, each once, the latest deployment of each, newest first."""
    rows = stage.promotions.filter(state="deployed").select_related("decided_by").order_by("-ended_at", "-id")
    latest: dict[int, Promotion] = {}
    for row in rows:
        latest.setdefault(row.version, row)
    return list(latest.values())
