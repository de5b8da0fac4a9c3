"""Follows the registry: what is newly approved is offered to the first stage, or on its way there."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from aws import GatewayError, packages
from aws.packages import VersionSummary
from deployments.lifecycle.announcing import announce_waiting
from deployments.lifecycle.refusals import describe_refusal
from deployments.models import Deployment, FollowPolicy, Promotion, PromotionKind, PromotionState
from jobs.clock import passed
from jobs.lifecycle.aws_session import asking
from jobs.lifecycle.queue.pacing import Pace
from teams import activity


class Look(Enum):
    """The outcome of a look at the registry."""

    NOTHING_NEW = "nothing new"
    OFFERED = "offered"
    APPROVED = "on its way"
    FAILED = "failed"


def look(deployment_id: int) -> tuple[Look, int]:
    """Ask the registry for the newest approved version. Also returns the id of a new promotion, else 0."""
    deployment = Deployment.objects.select_related("connection", "team").filter(pk=deployment_id).first()
    if deployment is None:
        return Look.NOTHING_NEW, 0
    try:
        with asking(deployment.connection, Pace.AFTER) as target:
            newest = packages.newest_approved(target, deployment.package_group)
    except GatewayError as error:
        sentence = describe_refusal(error, "ListModelPackages", deployment.connection.name)
        _note(deployment, sentence)
        return Look.FAILED, 0
    _note(deployment, "")
    if newest is None or newest.number <= (deployment.newest_version or 0):
        return Look.NOTHING_NEW, 0
    promotion = _offer(deployment, newest)
    if promotion is None:
        return Look.NOTHING_NEW, 0
    is_offered = promotion.state == PromotionState.OFFERED
    return (Look.OFFERED if is_offered else Look.APPROVED), promotion.pk


def _note(deployment: Deployment, error: str) -> None:
    Deployment.objects.filter(pk=deployment.pk).update(looked_at=timezone.now(), look_error=error)


def _offer(deployment: Deployment, newest: VersionSummary) -> Promotion | None:
    """Write the promotion of a new version into the first stage.

    None if another worker did, or while an earlier version is being deployed there: it is then offered afterwards.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Deployment.objects.select_for_update().get(pk=deployment.pk)
        stage = row.stages.order_by("position").first()
        if stage is None or newest.number <= (row.newest_version or 0):
            return None
        if stage.promotions.filter(state=PromotionState.APPROVED).exists():
            return None
        stage.promotions.filter(state__in=[PromotionState.OFFERED, PromotionState.WAITING]).update(
            state=PromotionState.REPLACED, ended_at=now
        )
        row.newest_version, row.newest_arn = newest.number, newest.arn
        row.save(update_fields=["newest_version", "newest_arn"])
        at_once = row.follow == FollowPolicy.PROMOTE and not stage.needs_approval
        promotion = Promotion.objects.create(
            team=row.team,
            stage=stage,
            kind=PromotionKind.PROMOTION,
            state=PromotionState.APPROVED if at_once else PromotionState.OFFERED,
            version=newest.number,
            version_arn=newest.arn,
            from_version=stage.version,
            next_look_at=now if at_once else None,
        )
        verb = "deployment.promoted" if at_once else "deployment.offered"
        activity.record(row.team, None, verb, row, label=str(promotion))
        if not at_once:
            announce_waiting(promotion)
    return promotion


def due_deployments(limit: int = 50) -> list[int]:
    """Ids of the deployments whose registry is to be asked."""
    # An engine is near and free to ask; the intervals are those of the search for jobs made outside.
    due = []
    rows = Deployment.objects.select_related("connection").filter(
        Q(looked_at=None) | passed("looked_at", timedelta(seconds=1))
    )
    now = timezone.now()
    for deployment in rows.order_by("looked_at"):
        interval = deployment.connection.import_interval
        looked_at = deployment.looked_at
        if looked_at is None or looked_at > now or now - looked_at >= interval:
            due.append(deployment.pk)
    return due[:limit]
