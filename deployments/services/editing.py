"""Deployments and their stages: making, changing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.models import Deployment, Stage
from deployments.services import queries
from deployments.services.plans import FIELDS, STAGE_FIELDS, DeploymentPlan, fill
from deployments.services.stage_schedules import change_schedule, describe_schedule
from deployments.tasks import look_at_registry
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.slugs import free_slug
from jobs.tasks import enqueue
from teams import activity
from teams.models import ApiToken, Team, User

__all__ = ["FIELDS", "change", "create", "delete", "describe", "describe_stage"]


def create(team: Team, body: Mapping[str, Any], *, by: User, token: ApiToken | None = None) -> Deployment:
    """Make a deployment from the API's fields. Raises InvalidFields with names such as `stages.staging.data`."""
    name = body.get("name")
    slug = free_slug(
        Deployment.objects.for_team(team),
        name if isinstance(name, str) else "",
        length=34,
        default="deployment",
        reserved=("new",),
    )
    plan = DeploymentPlan(Deployment(team=team, slug=slug, created_by=by))
    fill(plan, body, is_new=True)
    return _save(plan, by, token, "deployment.created")


def change(
    deployment: Deployment, changes: Mapping[str, Any], *, by: User, token: ApiToken | None = None
) -> Deployment:
    """Change the fields that are given; `stages` replaces the list. A stage keeps its version by its slug.

    Raises InvalidFields, and NotPossible for a stage that is left out while something is deployed there.
    """
    plan = DeploymentPlan(Deployment.objects.select_related("connection", "team").get(pk=deployment.pk))
    fill(plan, {**describe(deployment), **changes}, is_new=False)
    return _save(plan, by, token, "deployment.changed")


def delete(deployment: Deployment, *, by: User, token: ApiToken | None = None) -> None:
    """Delete a deployment with its stages, promotions and runs. Models and jobs stay.

    Raises NotPossible while a run is under way.
    """
    for stage in queries.stages(deployment):
        if stage.runs.filter(state__in=["waiting", "running"]).exists():
            raise NotPossible(f"A run of {stage.name} is under way. Stop it first.")
    with transaction.atomic():
        activity.record(deployment.team, by, "deployment.deleted", deployment, token=token)
        for stage in queries.stages(deployment):
            change_schedule(stage, None, by=by, token=token)
        deployment.delete()


def describe(deployment: Deployment) -> dict[str, Any]:
    """The deployment as the body that makes it."""
    return {
        "name": deployment.name,
        "description": deployment.description,
        "connection": deployment.connection.slug,
        "package_group": deployment.package_group,
        "follow": deployment.follow,
        "settings": deployment.settings,
        "preprocess": deployment.preprocess or None,
        "stages": [describe_stage(stage) for stage in queries.stages(deployment)],
    }


def describe_stage(stage: Stage) -> dict[str, Any]:
    """The stage as an entry of the body."""
    values = {name: getattr(stage, name) for name in STAGE_FIELDS}
    return {
        "slug": stage.slug,
        **values,
        "connection": stage.connection.slug,
        "schedule": describe_schedule(stage),
    }


def _save(plan: DeploymentPlan, by: User, token: ApiToken | None, verb: str) -> Deployment:
    deployment = plan.deployment
    deployment.changed_at = timezone.now()
    try:
        with transaction.atomic():
            deployment.save()
            _remove_stages(deployment, {stage.slug for stage in plan.stages}, by, token)
            for stage in plan.stages:
                stage.deployment = deployment
                stage.save()
                change_schedule(stage, plan.schedules[stage.slug], by=by, token=token)
            activity.record(deployment.team, by, verb, deployment, token=token)
            enqueue(look_at_registry, deployment.pk)
    except IntegrityError as error:
        raise InvalidFields({"name": ["Another deployment of this name was saved just now."]}) from error
    return queries.deployments(deployment.team).get(pk=deployment.pk)


def _remove_stages(deployment: Deployment, slugs: set[str], by: User, token: ApiToken | None) -> None:
    for stage in deployment.stages.exclude(slug__in=slugs):
        if stage.version is not None:
            raise NotPossible(
                f"{stage.name} cannot be left out: version {stage.version} runs there. "
                "Delete the deployment to remove it with its history."
            )
        change_schedule(stage, None, by=by, token=token)
        stage.delete()
