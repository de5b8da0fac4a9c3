"""Deployments and their stages: making, changing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from teams.act_changes import Values
from teams.models import ApiToken, Membership, Team, User

#: The columns that a body says. What was deployed and what the registry has are written by workers.
_COLUMNS = (
    "name",
    "description",
    "connection",
    "package_group",
    "follow",
    "settings",
    "preprocess",
    "changed_at",
)
_STAGE_COLUMNS = ("deployment", "position", *(name for name in STAGE_FIELDS if name != "schedule"))

__all__ = ["FIELDS", "change", "create", "delete", "describe", "describe_stage"]


def create(team: Team, body: Mapping[str, Any], *, by: User, token: ApiToken | None = None) -> Deployment:
    """Make a deployment from the API's fields. Raises InvalidFields with names such as `stages.staging.data`."""
    name = body.get("name")
    slug = free_slug(
        Deployment.objects.for_team(team),
        name if isinstance(name, str) else "",
        length=34,
        default="deployment",
        reserved=("new", "apply"),
    )
    plan = DeploymentPlan(Deployment(team=team, slug=slug, created_by=by))
    fill(plan, body, is_new=True)
    return _save(plan, by, token, "deployment.created")


def change(
    deployment: Deployment, changes: Mapping[str, Any], *, member: Membership, token: ApiToken | None = None
) -> Deployment:
    """Change the fields that are given; `stages` replaces the list. A stage keeps its version by its slug.

    Raises InvalidFields, and NotPossible for a stage that is left out while something is deployed there, or by anybody
    but an admin while its promotions need approval.
    """
    with transaction.atomic():
        # Locked, so that two changes at once do not undo each other.
        rows = Deployment.objects.select_for_update(of=("self",)).select_related("connection", "team")
        row = rows.filter(pk=deployment.pk).first()
        if row is None:
            raise NotPossible(f"The deployment {deployment.name} was deleted.")
        before, plan = queries.deployments(row.team).get(pk=row.pk), DeploymentPlan(row)
        values = describe(before)
        fill(plan, {**values, **changes}, is_new=False)
        if not member.can_admin:
            _keep_approvals(before, plan)
        return _save(plan, member.user, token, "deployment.changed", values)


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


def _keep_approvals(deployment: Deployment, plan: DeploymentPlan) -> None:
    """Raise InvalidFields or NotPossible if the plan takes an approval away, which guards against operators."""
    after = {stage.slug: stage for stage in plan.stages}
    for stage in queries.stages(deployment):
        if not stage.needs_approval:
            continue
        if stage.slug not in after:
            raise NotPossible(f"Only an admin leaves out {stage.name}, whose promotions an admin approves.")
        if not after[stage.slug].needs_approval:
            raise InvalidFields(
                {
                    f"stages.{stage.slug}.needs_approval": [
                        f"Only an admin switches the approval of promotions to {stage.name} off."
                    ]
                }
            )


def _save(
    plan: DeploymentPlan, by: User, token: ApiToken | None, verb: str, before: Values | None = None
) -> Deployment:
    deployment = plan.deployment
    deployment.changed_at = timezone.now()
    try:
        with transaction.atomic():
            _save_columns(deployment, _COLUMNS)
            _remove_stages(deployment, {stage.slug for stage in plan.stages}, by, token)
            for stage in plan.stages:
                stage.deployment = deployment
                _save_columns(stage, _STAGE_COLUMNS)
                change_schedule(stage, plan.schedules[stage.slug], by=by, token=token)
            after = None if before is None else describe(deployment)
            activity.record(deployment.team, by, verb, deployment, token=token, before=before, after=after)
            enqueue(look_at_registry, deployment.pk)
    except IntegrityError as error:
        raise InvalidFields({"name": ["Another deployment of this name was saved just now."]}) from error
    return queries.deployments(deployment.team).get(pk=deployment.pk)


def _save_columns(row: Deployment | Stage, columns: Sequence[str]) -> None:
    """Write a new row, or these columns of a present one: workers write others at the same time."""
    row.save(update_fields=None if row.pk is None else columns)


def _remove_stages(deployment: Deployment, slugs: set[str], by: User, token: ApiToken | None) -> None:
    for stage in deployment.stages.exclude(slug__in=slugs):
        if stage.version is not None:
            raise NotPossible(
                f"{stage.name} cannot be left out: version {stage.version} runs there. "
                "Delete the deployment to remove it with its history."
            )
        change_schedule(stage, None, by=by, token=token)
        stage.delete()
