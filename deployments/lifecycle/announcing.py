"""What deployments announce: promotions that wait for a person, and what failed.

Call these in the transaction that makes it so.
"""

from __future__ import annotations

from django.urls import reverse

from deployments.models import DeploymentRun, Promotion, PromotionState
from teams.announcing import Announcement, announce


def announce_waiting(promotion: Promotion) -> None:
    """Announce a promotion that a person has to decide on: an offer, or a request for approval."""
    stage = promotion.stage
    is_offer = promotion.state == PromotionState.OFFERED
    announce(
        Announcement(
            team=promotion.team,
            kind="stage.waiting",
            key=f"promotion-{promotion.key}-{promotion.state}",
            title=f"{stage.label}: version {promotion.version} {'is offered' if is_offer else 'waits for approval'}",
            reason=promotion.note,
            path=reverse("promote", args=[stage.deployment.slug, stage.slug, promotion.version]),
            person=promotion.requested_by,
            facts=_facts(promotion),
        )
    )


def announce_failed_promotion(promotion: Promotion) -> None:
    """Announce that a version could not be deployed."""
    announce(
        Announcement(
            team=promotion.team,
            kind="promotion.failed",
            key=f"promotion-{promotion.key}-failed",
            title=f"{promotion.stage.label}: version {promotion.version} could not be deployed",
            reason=promotion.problem,
            path=promotion.stage.deployment.get_absolute_url(),
            person=promotion.decided_by or promotion.requested_by,
            facts=_facts(promotion),
        )
    )


def announce_failed_run(run: DeploymentRun) -> None:
    """Announce that a run failed."""
    announce(
        Announcement(
            team=run.team,
            kind="run.failed",
            key=f"deployment-run-{run.key}",
            title=f"{run.stage.label}: the run of {run.due_at:%Y-%m-%d %H:%M} UTC failed",
            reason=run.reason,
            path=run.get_absolute_url(),
            person=run.requested_by,
            facts={
                "deployment": run.stage.deployment.slug,
                "stage": run.stage.slug,
                "version": run.version,
                "run": run.key,
            },
        )
    )


def _facts(promotion: Promotion) -> dict[str, str | int | float | bool | None]:
    stage = promotion.stage
    return {
        "deployment": stage.deployment.slug,
        "stage": stage.slug,
        "version": promotion.version,
        "from_version": promotion.from_version,
        "promotion": promotion.key,
    }
